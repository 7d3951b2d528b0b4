"""The error of obtaining a binary."""

import textwrap


class ToolError(Exception):
    """A binary cannot be obtained: the reason, the consequence and the fix."""

    def __init__(self, what: str, consequence: str, fix: str) -> None:
        self.what = what
        self.consequence = consequence
        self.fix = fix
        super().__init__(what, consequence, fix)

    def __str__(self) -> str:
        """The error as a block of plain text."""
        sections = (("what: ", self.what), ("then: ", self.consequence), ("fix:  ", self.fix))
        return "\n".join(label + textwrap.indent(text, " " * len(label)).lstrip() for label, text in sections)


def cannot_run(*names: str) -> str:
    """Return the consequence of missing binaries."""
    return f"Whatever needs {' and '.join(names)} stops here; nothing was skipped."

"""The lines of config.alloy with the path of their blocks, as logstack/manifests/alloy/syntax.py writes them."""

from collections.abc import Iterator

Line = tuple[str, str]
"""The path, such as loki.process.lines/stage.drop/older_than, and the line's value."""


def lines(text: str) -> Iterator[Line]:
    """Yield every line, except empty ones and closing braces."""
    blocks: list[str] = []
    for line in (raw.strip() for raw in text.splitlines()):
        if line == "}":
            blocks[-1:] = []
        elif line.startswith("//"):
            yield "/".join([*blocks, "comment"]), line
        elif line.endswith(" {"):
            blocks.append(line.removesuffix(" {").replace(' "', ".").rstrip('"'))
            yield "/".join(blocks), line
        elif line:
            key, _, value = line.partition("=")
            yield "/".join([*blocks, key.strip()]), value.strip() or line

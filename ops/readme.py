"""The generated parts of README.md: production's picture and plan. `python -m ops.readme [--check]`."""

import re
import sys
from pathlib import Path

from ops.picture import picture
from ops.plan.command import planned, said
from settings.load import load_stack_file

README = Path(__file__).parent.parent / "README.md"


def generated(text: str) -> str:
    """The text with its generated parts written anew."""
    drawn = picture(load_stack_file("production", README.parent).settings)
    told = said(planned("production", README.parent, objects=False), as_json=False, width=100)
    for name, fence, content in (("picture", "mermaid", drawn), ("plan", "text", _excerpt(told))):
        before, rest = text.split(f"<!-- {name} -->")
        _, after = rest.split(f"<!-- /{name} -->")
        block = f"<!-- {name} -->\n\n```{fence}\n{content}\n```\n\n<!-- /{name} -->"
        text = before + block + after
    return text


def _excerpt(plan: str) -> str:
    """The head, the failure budget and what is kept; the rest is for who runs it."""
    sections = re.split(r"\n\n(?=\S)", plan.rstrip())
    shown = ("production:", "Failure budget", "May be lost: writes", "What is kept")
    kept = [section if section.startswith(shown) else "..." for section in sections]
    return re.sub(r"(\n\n\.\.\.)+", "\n\n...", "\n\n".join(kept))


def main() -> int:
    """Write the README; with --check, only say whether it is up to date."""
    text = README.read_text()
    if generated(text) == text:
        return 0
    if "--check" in sys.argv[1:]:
        sys.stderr.write("README.md is not up to date: run `make docs`\n")
        return 1
    README.write_text(generated(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())

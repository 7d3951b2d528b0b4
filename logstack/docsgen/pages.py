"""What is generated in pages: production's picture and plan in README.md, docs/diff.md's rules, docs/sizing.md's table.

`python -m logstack.docsgen.pages [--check]`.
"""

import re
import sys
from pathlib import Path

from logstack.docsgen import diff_page, sizing_page
from logstack.docsgen.picture import picture
from logstack.plan.command import planned, said
from logstack.settings.load.loader import load_stack_file

README = Path(__file__).parents[2] / "README.md"


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
    """Write the pages; with --check, only say whether they are up to date."""
    pages = {README: generated, diff_page.PAGE: diff_page.generated, sizing_page.PAGE: sizing_page.generated}
    texts = {page: write(page.read_text()) for page, write in pages.items()}
    differing = {page: text for page, text in texts.items() if page.read_text() != text}
    for page, text in differing.items():
        if "--check" in sys.argv[1:]:
            sys.stderr.write(f"{page.name} is not up to date: run `make docs`\n")
        else:
            page.write_text(text)
    return 1 if differing and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())

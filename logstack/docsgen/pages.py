"""The generated parts of README.md and of docs: a plan, a picture, the rules of diff, the sizing table.

`python -m logstack.docsgen.pages [--check]`.
"""

import re
import sys
from pathlib import Path

from logstack.docsgen import commands_page, diff_page, sizing_page
from logstack.docsgen.picture import picture
from logstack.plan.command import planned, said
from logstack.settings.load.loader import load_stack_file

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PLATFORM = ROOT / "docs" / "concepts" / "platform.md"


def with_plan(text: str) -> str:
    """Return README.md with the plan of production."""
    told = said(planned("production", ROOT, objects=False), as_json=False, width=100)
    return _with(text, "plan", "text", _excerpt(told))


def with_picture(text: str) -> str:
    """Return docs/concepts/platform.md with the picture of production."""
    return _with(text, "picture", "mermaid", picture(load_stack_file("production", ROOT).settings))


def _with(text: str, name: str, fence: str, content: str) -> str:
    before, rest = text.split(f"<!-- {name} -->")
    _, after = rest.split(f"<!-- /{name} -->")
    return f"{before}<!-- {name} -->\n\n```{fence}\n{content}\n```\n\n<!-- /{name} -->{after}"


def _excerpt(plan: str) -> str:
    """Return the head, the failure budget in a sentence, and what is kept."""
    sections = re.split(r"\n\n(?=\S)", plan.rstrip())
    shown = ("production:", "Failure budget", "What is kept")
    kept = [section if section.startswith(shown) else "..." for section in sections]
    return re.sub(r"(\n\n\.\.\.)+", "\n\n...", "\n\n".join(kept))


def main() -> int:
    """Write the pages; with --check, only say whether they are up to date."""
    pages = {
        README: with_plan,
        PLATFORM: with_picture,
        commands_page.PAGE: commands_page.generated,
        diff_page.PAGE: diff_page.generated,
        sizing_page.PAGE: sizing_page.generated,
    }
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

"""A migration as text and as JSON."""

import json
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from logstack.migrate.model import Migration, Stage
from logstack.text.layout import show_block, show_heading, show_labelled, show_lines, text_of


def json_text(steps: Migration) -> str:
    """Return one JSON document."""
    return json.dumps(asdict(steps), indent=2, ensure_ascii=False) + "\n"


def migration_text(steps: Migration, console: Console) -> str:
    """Return every stage, formatted for the console."""

    def show() -> None:
        show_block(console, Text(f"{steps.stack}: {', then '.join(steps.moves)}, in {len(steps.stages)} stages"))
        for number, stage in enumerate(steps.stages, start=1):
            show_heading(console, f"{number}. {stage.title}")
            _show(console, stage)

    return text_of(console, show)


def _show(console: Console, stage: Stage) -> None:
    """Print commands and lines of the file unwrapped, for copying, and wrap sentences."""
    for label, lines in (("Change the stack file", stage.change), ("Do", stage.do)):
        if lines:
            show_block(console, Text(label, style="italic"), below=0)
            show_lines(console, [f"  {line}" for line in lines])
    paragraphs = (("consequences", stage.follows), ("verify", stage.check), ("to roll back", (stage.back,)))
    show_labelled(console, [(label, "\n".join(sentences)) for label, sentences in paragraphs if sentences])

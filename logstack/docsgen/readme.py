"""Production in the documents: the first screen of its plan, and its picture."""

from collections.abc import Mapping
from pathlib import Path

from logstack.docsgen.picture import picture
from logstack.docsgen.splice import fence
from logstack.plan.command import plan_stack, plan_text
from logstack.settings.load.loader import load_stack_file
from logstack.text.layout import WIDTH

ROOT = Path(__file__).parents[2]
STACK = "production"


def inserts() -> Mapping[str, str]:
    """Return the first screen of the plan, for README.md."""
    text = plan_text(plan_stack(STACK, ROOT, objects=False), width=WIDTH)
    return {"plan": fence("text", text.rstrip())}


def picture_insert() -> Mapping[str, str]:
    """Return the picture, for docs/concepts/platform.md."""
    return {"picture": fence("mermaid", picture(load_stack_file(STACK, ROOT).settings))}

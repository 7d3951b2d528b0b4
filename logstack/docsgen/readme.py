"""The generated parts of README.md: production's picture and the first screen of its plan."""

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
    """Return the text between each pair of markers."""
    text = plan_text(plan_stack(STACK, ROOT, objects=False), width=WIDTH)
    return {
        "picture": fence("mermaid", picture(load_stack_file(STACK, ROOT).settings)),
        "plan": fence("text", text.rstrip()),
    }

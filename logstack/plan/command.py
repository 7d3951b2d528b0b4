"""`logstack plan`: load a stack file, plan, and lay the plan out."""

from collections.abc import Sequence
from pathlib import Path

from logstack.manifests.deployment import deployment
from logstack.plan.chart_objects import chart_objects
from logstack.plan.model import SECTION_NAMES, Plan, document, plan
from logstack.settings.load.loader import load_stack_file
from logstack.settings.problems import nearest


def plan_stack(stack: str, directory: Path, *, objects: bool) -> Plan:
    """Plan a stack of the directory; with `objects`, what its charts render as well. Raises StackProblems."""
    loaded = load_stack_file(stack, directory)
    components = deployment(loaded.settings)
    return plan(loaded, chart_objects(components, directory) if objects else (), components=components)


def check_section(name: str) -> None:
    """Raise ValueError with the known names for a name that is not a section's."""
    if name not in SECTION_NAMES:
        similar = nearest(name, SECTION_NAMES)
        hint = f"did you mean {similar}? " if similar else ""
        raise ValueError(f'no section "{name}": {hint}The sections are {", ".join(SECTION_NAMES)}')


def plan_json(plan: Plan) -> str:
    """Return the plan as a JSON document."""
    from logstack.text.documents import json_text  # noqa: PLC0415 - only one of the two is needed

    return json_text(document(plan))


def plan_text(plan: Plan, *, full: bool = False, names: Sequence[str] = (), width: int | None = None) -> str:
    """Return the plan on one screen, all of it, or the named sections; as wide as this terminal without a width."""
    from logstack.plan.text import full_text, sections_text, summary_text  # noqa: PLC0415
    from logstack.text.layout import terminal  # noqa: PLC0415 - rich takes a while

    console = terminal(width)
    if full:
        return full_text(plan, console)
    if names:
        return sections_text([plan[name] for name in names], console)
    return summary_text(plan, console)

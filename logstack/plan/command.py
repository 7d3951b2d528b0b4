"""`logstack plan`: load a stack file, plan, and lay the plan out."""

from pathlib import Path

from logstack.manifests.deployment import deployment
from logstack.plan.chart_objects import chart_objects
from logstack.plan.model import Plan, plan
from logstack.settings.load.loader import load_stack_file


def planned(stack: str, directory: Path, *, objects: bool) -> Plan:
    """The plan of a stack; with `objects`, those that the charts render. Raises StackProblems."""
    loaded = load_stack_file(stack, directory)
    components = deployment(loaded.settings)
    return plan(loaded, chart_objects(components, directory) if objects else (), components=components)


def said(document: Plan, *, as_json: bool, width: int | None = None) -> str:
    """A plan as JSON, or as text: as wide as this terminal if no width is given."""
    if as_json:
        from logstack.text.documents import json_text  # noqa: PLC0415 - only one of the two is needed

        return json_text(document)
    from logstack.plan.text import plan_text  # noqa: PLC0415
    from logstack.text.layout import terminal  # noqa: PLC0415 - rich takes a while

    return plan_text(document, terminal(width))

"""`logstack plan`: load, plan or compare, and say it."""

from pathlib import Path

from logstack.diff.comparison import Comparison, compare
from logstack.diff.snapshot import render
from logstack.plan.chart_objects import chart_objects
from logstack.plan.model import Plan, plan
from logstack.plan.other_side import other_stack
from logstack.settings.load.loader import load_stack_file


def planned(stack: str, directory: Path, *, objects: bool) -> Plan:
    """The plan of a stack; with `objects`, those that the charts render. Raises StackProblems."""
    loaded = load_stack_file(stack, directory)
    return plan(loaded, chart_objects(loaded.settings, directory) if objects else ())


def compared(stack: str, against: str, directory: Path) -> Comparison:
    """What differs from another stack, folder or revision. Raises StackProblems and NotFoundError."""
    after = load_stack_file(stack, directory)
    return compare(render(other_stack(against, stack, directory)), render(after))


def said(document: Plan | Comparison, *, as_json: bool, width: int | None = None) -> str:
    """A plan or a comparison as JSON, or as text: as wide as this terminal if no width is given."""
    if as_json:
        from logstack.text.documents import json_text  # noqa: PLC0415 - only one of the two is needed

        return json_text(document)
    from logstack.plan.text import comparison_text, plan_text  # noqa: PLC0415
    from logstack.text.layout import terminal  # noqa: PLC0415 - rich takes a while

    if isinstance(document, Plan):
        return plan_text(document, terminal(width))
    return comparison_text(document, terminal(width))

"""The plan: a table of sections, from which the text, the JSON document and the comparison are made."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from logstack.manifests.deployment import deployment
from logstack.manifests.manifest import ComponentTree
from logstack.plan.access import access_section
from logstack.plan.chart_objects import ChartObjects, chart_objects_section
from logstack.plan.collection import collection_section
from logstack.plan.failures import failures_section
from logstack.plan.passthrough import passthrough_section
from logstack.plan.pods import pods_section
from logstack.plan.problems import acknowledged_section, warnings_section
from logstack.plan.resources import resources_section
from logstack.plan.section import Section
from logstack.plan.sizes import sizes_section
from logstack.plan.sizing import sizing_section
from logstack.plan.stack import stack_section
from logstack.plan.storage import storage_section
from logstack.settings.load.loader import Stack

Plan = Mapping[str, Section]
"""The sections by their names, in the order of reading."""

SECTIONS: Mapping[str, Callable[[Stack], Section]] = {
    "stack": stack_section,
    "warnings": warnings_section,
    "acknowledged": acknowledged_section,
    "failures": failures_section,
    "storage": storage_section,
    "sizes": sizes_section,
    "sizing": sizing_section,
    "collection": collection_section,
    "access": access_section,
    "passthrough": passthrough_section,
    "pods": pods_section,
}
# The sections of more than the stack file: the deployment that is made from it, and what Helm makes of the charts.
_RESOURCES, _CHART_OBJECTS = "resources", "chart-objects"
SECTION_NAMES = (*SECTIONS, _RESOURCES, _CHART_OBJECTS)


def plan(
    stack: Stack,
    chart_objects: tuple[ChartObjects, ...] = (),
    *,
    components: Sequence[ComponentTree] | None = None,
) -> Plan:
    """Plan a stack.

    `chart_objects` are what its charts render, where somebody asked for them; `components` is its deployment, where
    that is built already.
    """
    sections = {name: build(stack) for name, build in SECTIONS.items()}
    tree = deployment(stack.settings) if components is None else components
    return sections | {_RESOURCES: resources_section(tree), _CHART_OBJECTS: chart_objects_section(chart_objects)}


def document(plan: Plan) -> dict[str, object]:
    """Return the plan's data by the keys of the JSON document."""
    return {section.key: section.data for section in plan.values()}


def sentences(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield each sentence with the section and the label that it belongs to."""
    for name, section in plan.items():
        yield from ((f"{name}: {label}", sentence) for label, sentence in section.facts)

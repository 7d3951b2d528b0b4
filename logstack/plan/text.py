"""The plan for people."""

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from logstack.plan.access import access_facts
from logstack.plan.chart_objects import ChartObjects
from logstack.plan.collection import collected_facts
from logstack.plan.failures import FailureBudget
from logstack.plan.model import Branch, Plan, Resource
from logstack.plan.sentences import (
    LOSS_COLUMNS,
    amounts,
    evidence,
    head_facts,
    kept_facts,
    loss_words,
    memory_words,
    outage_text,
    title,
)
from logstack.plan.sizes import PartSize, Sizes, Total
from logstack.plan.sizing import Sizing, sizing_facts, storage_facts
from logstack.settings.problems import Problem
from logstack.text.layout import (
    show_block,
    show_facts,
    show_heading,
    show_numbers,
    show_sentences,
    text_of,
)
from logstack.text.words import Facts, counted

_BUDGET_NAMES = {
    "within": "May be lost: writes go on, and no acknowledged line is lost",
    "for a time": "May be lost for a time",
    "beyond": "Must not be lost",
}


def plan_text(plan: Plan, console: Console) -> str:
    """The whole plan, as wide and as colourful as the console."""
    return text_of(console, partial(_show_plan, plan, console))


def _show_plan(plan: Plan, console: Console) -> None:
    show_facts(console, title(plan.head), head_facts(plan.head))
    _show_budget(console, plan.failure_budget)
    show_facts(console, "What is collected", collected_facts(plan.collected))
    show_facts(console, "What is kept", kept_facts(plan.kept))
    if plan.sizing:
        _show_sizing(console, plan.sizing)
    show_facts(console, "Who can push and read", access_facts(plan.access))
    _show_sizes(console, plan.sizes)
    _show_resources(console, plan.resources, "" if plan.chart_objects else " (--objects)")
    for chart in plan.chart_objects:
        _show_chart(console, chart)
    _show_problems(console, plan)


def _show_budget(console: Console, budget: FailureBudget) -> None:
    show_heading(console, "Failure budget")
    show_block(console, budget.summary)
    for name, losses in groupby(budget.losses, key=lambda loss: loss.budget):
        show_heading(console, _BUDGET_NAMES[name])
        show_sentences(console, LOSS_COLUMNS, [loss_words(loss) for loss in losses])
    show_facts(console, "How that is known", evidence(budget))
    show_heading(console, "While Loki takes no lines")
    show_block(console, outage_text(budget.outage))


def _show_sizing(console: Console, sizing: Sizing) -> None:
    show_facts(console, f"Sizing, from {sizing.ingest}", sizing_facts(sizing))
    show_facts(console, f"Storage, at {sizing.ingest}", storage_facts(sizing.storage))


def _show_sizes(console: Console, sizes: Sizes) -> None:
    show_heading(console, "Sizes (requests; memory is the limit too)")
    sections = (
        [_row(part, str(part.replicas)) for part in sizes.parts],
        [_sum("sum", sizes.total)],
        [_row(part, "x nodes") for part in sizes.node_parts],
        [_sum(f"sum on {counted(sizes.nodes_assumed, 'node')}", sizes.total_with_nodes)],
    )
    show_numbers(console, ("part", "pods", "CPU each", "memory each", "disk each"), sections)
    needed, assumed = counted(sizes.nodes_needed, "node"), counted(sizes.nodes_assumed, "node")
    show_block(console, f"The last line assumes {assumed}; the stack needs {needed} at least.{memory_words(sizes)}")


def _row(part: PartSize, pods: str) -> tuple[str, ...]:
    return part.part, pods, *amounts(part)


def _sum(name: str, total: Total) -> tuple[str, ...]:
    return name, "", *amounts(total)


def _show_resources(console: Console, branches: Sequence[Branch], hint: str) -> None:
    count = sum(1 + len(branch.resources) for branch in branches)
    show_heading(console, f"Resources: {count}, and the charts' own objects{hint}")
    tree = Tree("", hide_root=True)
    for branch in branches:
        node = tree.add(Text(f"{branch.name}  {branch.type}"))
        for resource in branch.resources:
            node.add(Text(_resource(resource)))
    show_block(console, tree)


def _resource(resource: Resource) -> str:
    marks = [mark for mark, on in (("protected", resource.protected), ("retained", resource.retained)) if on]
    return f"{resource.name}  {resource.type}" + (f"  ({', '.join(marks)})" if marks else "")


def _show_chart(console: Console, chart: ChartObjects) -> None:
    if chart.why_not:
        show_facts(console, f"Objects of the chart {chart.chart}", [("not listed", chart.why_not)])
    else:
        objects = [(each.kind, each.name) for each in chart.objects]
        show_facts(console, f"Objects of the chart {chart.chart}: {len(objects)}", objects)


def _show_problems(console: Console, plan: Plan) -> None:
    for problem in plan.warnings:
        show_facts(console, f"Warning: {problem.name}", _problem_facts(problem))
    if plan.acknowledged:
        facts = [(problem.name, problem.consequence) for problem in plan.acknowledged]
        show_facts(console, "Acknowledged in the stack file", facts)
    if not plan.warnings:
        show_heading(console, "No warnings.")


def _problem_facts(problem: Problem) -> Facts:
    return [
        ("where", f"{problem.path} ({problem.where})" if problem.where else problem.path),
        ("what", problem.what),
        ("then", problem.consequence),
        ("fix", problem.fix),
    ]

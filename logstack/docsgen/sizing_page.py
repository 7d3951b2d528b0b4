"""The generated parts of docs/reference/sizing.md: the sizing table, and what the prices are."""

from collections.abc import Iterator
from pathlib import Path

from logstack.plan.prices import AS_OF, PRICES
from logstack.settings.model.quantities import kubernetes_cpu, kubernetes_size, plain_ingest
from logstack.settings.resolve.sizing import SIZING, Pods, SizingRow

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "sizing.md"


def generated(text: str) -> str:
    """The page with its generated parts written anew."""
    for name, lines in {"table": _table(), "prices": _prices()}.items():
        before, rest = text.split(f"<!-- {name} -->")
        _, after = rest.split(f"<!-- /{name} -->")
        text = before + "\n".join([f"<!-- {name} -->", "", *lines, "", f"<!-- /{name} -->"]) + after
    return text


def _table() -> Iterator[str]:
    yield from ("| mode | up to | pods | caches | streams | source |", "|---|---|---|---|---|---|")
    for mode, of_mode in SIZING.items():
        for row in of_mode.rows:
            cells = (mode, plain_ingest(row.up_to), _pods(row), _caches(row), f"{row.max_streams:,}", row.source)
            yield f"| {' | '.join(cells)} |"


def _pods(row: SizingRow) -> str:
    return "<br>".join(f"{role} {_pod(pods)}" for role, pods in row.roles.items())


def _pod(pods: Pods) -> str:
    size = pods.size
    volume = [kubernetes_size(size.disk)] if size.disk else []
    return f"{pods.replicas} x {', '.join([kubernetes_cpu(size.cpu), kubernetes_size(size.memory), *volume])}"


def _caches(row: SizingRow) -> str:
    return "<br>".join(f"{name} {kubernetes_size(size)}" for name, size in row.caches.items()) or "none"


def _prices() -> Iterator[str]:
    yield from (f"| region ({AS_OF}) | GB and month | 1,000 PUTs | 1,000 GETs |", "|---|---|---|---|")
    for region, price in PRICES.items():
        yield f"| {region} | ${price.gb_month:g} | ${price.thousand_puts:g} | ${price.thousand_gets:g} |"

"""The generated parts of docs/reference/sizing.md: the sizing table, and the prices."""

from collections.abc import Iterator, Mapping

from logstack.docsgen.splice import table
from logstack.plan.prices import AS_OF, PRICES
from logstack.settings.model.quantities import kubernetes_cpu, kubernetes_size, plain_ingest
from logstack.settings.resolve.sizing import SIZING, Pods, SizingRow


def inserts() -> Mapping[str, str]:
    """Return the text between each pair of markers."""
    return {
        "table": table(("mode", "up to", "pods", "caches", "streams", "source"), _rows()),
        "prices": table((f"region ({AS_OF})", "GB and month", "1,000 PUTs", "1,000 GETs"), _prices()),
    }


def _rows() -> Iterator[tuple[str, ...]]:
    for mode, of_mode in SIZING.items():
        for row in of_mode.rows:
            yield mode, plain_ingest(row.up_to), _pods(row), _caches(row), f"{row.max_streams:,}", row.source


def _pods(row: SizingRow) -> str:
    return "<br>".join(f"{role} {_pod(pods)}" for role, pods in row.roles.items())


def _pod(pods: Pods) -> str:
    size = pods.size
    volume = [kubernetes_size(size.disk)] if size.disk else []
    return f"{pods.replicas} x {', '.join([kubernetes_cpu(size.cpu), kubernetes_size(size.memory), *volume])}"


def _caches(row: SizingRow) -> str:
    return "<br>".join(f"{name} {kubernetes_size(size)}" for name, size in row.caches.items()) or "none"


def _prices() -> Iterator[tuple[str, ...]]:
    for region, price in PRICES.items():
        yield region, f"${price.gb_month:g}", f"${price.thousand_puts:g}", f"${price.thousand_gets:g}"

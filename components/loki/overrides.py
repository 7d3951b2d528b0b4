"""The runtime overrides: limits that Loki reads again every ten seconds, so a change rolls no pod."""

from settings.loki import SINGLE_TENANT, LokiSettings
from settings.quantities import loki_size

_MIB = 1024**2


def loki_overrides(settings: LokiSettings) -> dict[str, object]:
    """overrides.yaml as a document."""
    limits = settings.limits
    each = {
        "ingestion_rate_mb": _mebibytes(limits.ingestion_rate),
        "ingestion_burst_size_mb": _mebibytes(limits.ingestion_burst),
        "per_stream_rate_limit": loki_size(limits.per_stream_rate),
        "per_stream_rate_limit_burst": loki_size(limits.per_stream_burst),
        "max_global_streams_per_user": limits.max_streams,
        "max_line_size": loki_size(limits.max_line_size),
        "max_entries_limit_per_query": limits.max_entries_per_query,
    }
    return {"overrides": {tenant: dict(each) for tenant in settings.tenant_names or (SINGLE_TENANT,)}}


def _mebibytes(size: int) -> float:
    """Loki's `_mb` settings count 1024 * 1024 bytes (pkg/validation/limits.go: bytesInMB)."""
    return round(size / _MIB, 3)

"""The runtime overrides: limits that Loki reloads every ten seconds, so a change restarts no pod."""

from logstack.manifests.loki.config import Section, retention_streams
from logstack.manifests.merge import merged
from logstack.settings.model.loki import SINGLE_TENANT, Limits, LokiSettings
from logstack.settings.model.quantities import loki_duration, loki_size
from logstack.settings.model.tenants import CANARY_TENANT, Tenant, TenantLimits

_MIB = 1024**2


def loki_overrides(settings: LokiSettings) -> dict[str, object]:
    """Return overrides.yaml as a document; what a tenant passes on is over logstack's own."""
    own = _rates(settings.limits)
    if not settings.tenants:
        return {"overrides": {SINGLE_TENANT: own}}
    tenants = {tenant.name: merged(_tenant(settings, tenant), tenant.config) for tenant in settings.tenants}
    return {"overrides": {SINGLE_TENANT: own, CANARY_TENANT: dict(own), **tenants}}


def _tenant(settings: LokiSettings, tenant: Tenant) -> Section:
    return _rates(settings.limits_of(tenant)) | _queries(tenant.limits) | _retention(tenant)


def _rates(limits: Limits) -> Section:
    series: Section = {"max_query_series": limits.max_query_series} if limits.max_query_series else {}
    return {
        "ingestion_rate_mb": _mebibytes(limits.ingestion_rate),
        "ingestion_burst_size_mb": _mebibytes(limits.ingestion_burst),
        "per_stream_rate_limit": loki_size(limits.per_stream_rate),
        "per_stream_rate_limit_burst": loki_size(limits.per_stream_burst),
        "max_global_streams_per_user": limits.max_streams,
        "max_line_size": loki_size(limits.max_line_size),
        "max_entries_limit_per_query": limits.max_entries_per_query,
        **series,
    }


def _retention(tenant: Tenant) -> Section:
    """A tenant's own retention; its rules replace the stack's, because Loki's overrides do not merge lists."""
    period: Section = {"retention_period": loki_duration(tenant.retention)} if tenant.retention else {}
    return period | retention_streams(tenant.retention_streams)


def _queries(limits: TenantLimits) -> Section:
    """A tenant's own query limits; loki.yaml has the limits of all other tenants."""
    own = {
        "max_query_length": limits.max_query_length,
        "max_query_lookback": limits.max_query_lookback,
        "query_timeout": limits.query_timeout,
    }
    return {key: loki_duration(value) for key, value in own.items() if value}


def _mebibytes(size: int) -> float:
    """Return bytes as Loki's `_mb` settings count them: 1024 * 1024 bytes (pkg/validation/limits.go: bytesInMB).

    The division by a power of two is exact, so Loki enforces every byte that the stack file asks for.
    """
    return size / _MIB

"""What becomes of every line, whatever its source: one process with one order."""

from collections.abc import Iterator, Sequence
from math import isqrt

from logstack.manifests.alloy.formats import joining, reading
from logstack.manifests.alloy.labels import metadata_labels, selector
from logstack.manifests.alloy.redaction import redaction
from logstack.manifests.alloy.syntax import Block, Expression, Value, quoted
from logstack.manifests.canary.resources import CONTAINER as CANARY_CONTAINER
from logstack.manifests.canary.resources import NAME as CANARY
from logstack.manifests.loki.intake import Intake
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.processing import Drop, RateLimit
from logstack.settings.model.quantities import kubernetes_size, loki_duration
from logstack.settings.model.tenants import CANARY_TENANT, Tenant

# Stands in the place of what is cut off.
CUT = " ...(cut by the collector)"
_TENANT = "__tenant_id__"
# Up to as many tenants each line is held against every one.
_FEW = 16
# Loki refuses a line with more than 64 KB of structured metadata (max_structured_metadata_size): room for 32 values.
_LONGEST_METADATA = 2 * 1024


def lines(collector: CollectorSettings, cluster: ClusterSettings, intake: Intake, sources: Sequence[str]) -> Block:
    """`loki.process "lines"`: join, drop, redact, cut, read, and keep the labels that make a stream.

    `sources` are those with a format of their own, as in formats.SOURCE_FORMATS.

    Redaction comes before anything is taken from a line, and before it is cut: half a secret would not be known.
    """
    return Block(
        "loki.process",
        "lines",
        {"forward_to": [Expression("loki.write.default.receiver")]},
        (
            _canary_noise(cluster),
            *joining(collector, sources),
            *map(_drop, collector.drop),
            *_rate_limits(collector.rate_limits),
            *redaction(collector.redact),
            _long_line(collector, intake.max_line_size),
            reading(collector, sources),
            Block(
                "stage.drop",
                attributes={
                    "older_than": loki_duration(collector.max_age),
                    "drop_counter_reason": "older_than_max_age",
                },
                comment="collector.maxAge",
            ),
            *_tenants(intake.tenants),
            *([_canary_tenant(cluster)] if intake.tenants else []),
            *_labels(collector, with_tenants=bool(intake.tenants)),
        ),
        comment="Every line of every source goes through here.",
    )


def _canary_noise(cluster: ClusterSettings) -> Block:
    """The canary writes of lines that it cannot read; fed back, each would make one more."""
    return _without(f"{_canary(cluster)} !~ {quoted(r'^[0-9]{19} p*$')}", "canary_noise", "The canary's own messages.")


def _canary(cluster: ClusterSettings) -> str:
    return selector({"namespace": cluster.namespace, "pod": f"{CANARY}-*"}, container=CANARY_CONTAINER)


def _without(what: str, reason: str, comment: str) -> Block:
    attributes: dict[str, Value] = {"selector": what, "action": "drop", "drop_counter_reason": reason}
    return Block("stage.match", attributes=attributes, comment=comment)


def _within(what: str, *stages: Block, comment: str) -> Block:
    return Block("stage.match", attributes={"selector": what}, blocks=stages, comment=comment)


def _drop(rule: Drop) -> Block:
    what = selector(rule.match) + (f" |~ {quoted(rule.pattern)}" if rule.pattern else "")
    if not rule.keep:
        return _without(what, rule.name, "collector.drop")
    sampling = Block("stage.sampling", attributes={"rate": rule.keep, "drop_counter_reason": rule.name})
    return _within(what, sampling, comment="collector.drop: keep")


def _rate_limits(limits: tuple[RateLimit, ...]) -> Iterator[Block]:
    named = [limit for limit in limits if limit.namespace]
    for limit in named:
        stage = Block("stage.limit", attributes={"rate": limit.rate, "burst": limit.burst, "drop": True})
        yield _within(selector({"namespace": limit.namespace or ""}), stage, comment="collector.rateLimits")
    others = "|".join(limit.namespace or "" for limit in named)
    for limit in limits:
        if not limit.namespace:
            each: dict[str, Value] = {
                "rate": limit.rate,
                "burst": limit.burst,
                "drop": True,
                "by_label_name": "namespace",
            }
            what = f'{{namespace=~".+", namespace!~{quoted(others)}}}'
            yield _within(what, Block("stage.limit", attributes=each), comment="collector.rateLimits")


def _long_line(collector: CollectorSettings, max_line_size: int) -> Block:
    if collector.long_lines == "drop":
        attributes: dict[str, Value] = {"longer_than": _bytes(max_line_size), "drop_counter_reason": "line_too_long"}
        return Block("stage.drop", attributes=attributes, comment="limits.maxLineSize, collector.longLines")
    rule = Block("rule", attributes={"limit": _bytes(max_line_size), "suffix": CUT})
    return Block("stage.truncate", blocks=(rule,), comment="limits.maxLineSize, collector.longLines")


def _bytes(size: int) -> str:
    return f"{kubernetes_size(size)}B"


def _tenants(tenants: Sequence[Tenant]) -> Iterator[Block]:
    """Many are in groups: a line is held against those of one group alone.

    Measured with 1,000 of them: 18,000 lines a second of one core, 2,000 without groups, 28,600 without tenants.
    """
    if len(tenants) <= _FEW:
        yield from map(_tenant, tenants)
        return
    size = isqrt(len(tenants) - 1) + 1
    for start in range(0, len(tenants), size):
        group = tenants[start : start + size]
        yield _within(_namespaces(*group), *map(_tenant, group), comment=f"tenants, from {group[0].name} on")


def _tenant(tenant: Tenant) -> Block:
    return _within(_namespaces(tenant), Block("stage.tenant", attributes={"value": tenant.name}), comment="tenants")


def _namespaces(*tenants: Tenant) -> str:
    names = "|".join(name for tenant in tenants for name in tenant.namespaces)
    return f"{{namespace=~{quoted(names)}}}"


def _canary_tenant(cluster: ClusterSettings) -> Block:
    """After the tenants: its namespace may be one of theirs."""
    return _within(
        _canary(cluster), Block("stage.tenant", attributes={"value": CANARY_TENANT}), comment="The canary's own tenant."
    )


def _labels(collector: CollectorSettings, *, with_tenants: bool) -> Iterator[Block]:
    """Labels that make no stream become structured metadata; what has no name in the settings goes."""
    if metadata := metadata_labels(collector):
        yield Block(
            "stage.structured_metadata",
            attributes={"values": dict.fromkeys(metadata, "")},
            comment="collector.labels that are not in collector.indexLabels",
        )
    attributes: dict[str, Value] = {
        "limit": _bytes(_LONGEST_METADATA),
        "suffix": CUT,
        "source_type": "structured_metadata",
    }
    rule = Block("rule", attributes=attributes)
    yield Block("stage.truncate", blocks=(rule,), comment="What Loki would refuse the whole line for.")
    kept = [label for label in collector.stream_labels if label != "cluster"]
    # Alloy refuses a list of none; loki.write adds the cluster.
    kept += [_TENANT] if with_tenants or not kept else []
    yield Block("stage.label_keep", attributes={"values": kept}, comment="collector.indexLabels")

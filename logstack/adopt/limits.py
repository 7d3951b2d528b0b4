"""Limits and retention."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.paths import Path, at
from logstack.adopt.reading import Reading
from logstack.adopt.units import format_duration, format_size, loki_duration_of, loki_size_of, mebibytes_of
from logstack.settings.model.bounds import RANGES
from logstack.settings.model.loki import SINGLE_TENANT, Limits
from logstack.settings.model.quantities import parse_duration

OVERRIDES = ("loki", "runtimeConfig", "overrides")
QUERY_LIMITS = ("max_query_length", "max_query_lookback", "query_timeout")
# The longest that a stack file takes.
FOR_EVER = parse_duration(RANGES["retention"].most)


@dataclass(frozen=True)
class Limit:
    """One limit: its key here, and how Loki's value is read."""

    key: str
    read: Callable[[object], object]


def _size(read: Callable[[object], int | None]) -> Callable[[object], object]:
    def amount(value: object) -> object:
        size = read(value)
        return None if size is None else format_size(size)

    return amount


def _duration(value: object) -> object:
    duration = loki_duration_of(value)
    return format_duration(duration) if duration else None


def _number(value: object) -> object:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


LIMITS = {
    "ingestion_rate_mb": Limit("ingestionRate", _size(mebibytes_of)),
    "ingestion_burst_size_mb": Limit("ingestionBurst", _size(mebibytes_of)),
    "per_stream_rate_limit": Limit("perStreamRate", _size(loki_size_of)),
    "per_stream_rate_limit_burst": Limit("perStreamBurst", _size(loki_size_of)),
    "max_global_streams_per_user": Limit("maxStreams", _number),
    "max_line_size": Limit("maxLineSize", _size(loki_size_of)),
    "max_entries_limit_per_query": Limit("maxEntriesPerQuery", _number),
    "max_query_length": Limit("maxQueryLength", _duration),
    "max_query_lookback": Limit("maxQueryLookback", _duration),
    "query_timeout": Limit("queryTimeout", _duration),
}
# Loki's own, where logstack's are higher (Loki 3.7.8, pkg/validation/limits.go).
_LOWER_IN_LOKI = {
    "ingestion_rate_mb": "4 MB/s",
    "ingestion_burst_size_mb": "6 MB",
    "max_global_streams_per_user": "5000",
}


def limits(reading: Reading, config: LokiConfig) -> None:
    """Each limit that a stack file has, of `limits_config` or of the one tenant's overrides."""
    for name, limit in LIMITS.items():
        path: Path = (*OVERRIDES, SINGLE_TENANT, name)
        value = at(reading.values, path)
        if value is None and (value := config.value(f"limits_config.{name}")) is not None:
            path = config.where(f"limits_config.{name}")
        if value is None:
            if name in _LOWER_IN_LOKI:
                lower = _LOWER_IN_LOKI[name]
                text = (
                    f"not set: Loki's default is {lower}, logstack's default is higher (docs/reference/stack-file.md)"
                )
                reading.missing(f"loki.limits_config.{name}", text, key=f"limits.{limit.key}")
            continue
        _limit(reading, path, limit, value)


def _limit(reading: Reading, path: Path, limit: Limit, value: object) -> None:
    """Take a limit over. In Loki 0 means no limit; logstack has that only for the two that follow the retention."""
    key = f"limits.{limit.key}"
    amount = limit.read(value)
    if amount is None:
        follows = limit.key in ("maxQueryLength", "maxQueryLookback")
        text = (
            "no limit today; logstack limits it to the retention, which covers every stored line"
            if follows
            else "no limit today; logstack applies its default: write a limit that is high enough"
        )
        reading.translated(path, text, key=key, decide=not follows)
        return
    if differs(limit.key, amount, {}):
        reading.write(key, amount)
    reading.understood(path, key)


def differs(key: str, value: object, limits: Mapping[str, object]) -> bool:
    """Return whether a limit changes the given limits with logstack's defaults."""
    return Limits.model_validate({**limits, key: value}) != Limits.model_validate(limits)


def deletes(config: LokiConfig) -> bool:
    """Whether the compactor may delete."""
    return config.value("compactor.retention_enabled") is True


def retention(reading: Reading, config: LokiConfig) -> None:
    """Take the retention over. Loki deletes only if the compactor may delete and a period is set."""
    period, path = _period(reading, config)
    enabled = deletes(config)
    if period and enabled:
        reading.write("retention", format_duration(period))
        if path:
            reading.understood(path, "retention")
    else:
        _for_ever(reading, config, period, path)
    for name in ("retention_enabled", "delete_request_store"):
        if config.value(f"compactor.{name}") is not None:
            reading.understood(config.where(f"compactor.{name}"), "retention", "`retention` sets it")
    _streams(reading, config)
    reading.not_taken("tableManager", "Loki has no table manager any more: the compactor applies retention")
    for name in ("retention_deletes_enabled", "retention_period"):
        if config.value(f"table_manager.{name}") is not None:
            reading.not_taken(
                config.where(f"table_manager.{name}"),
                "Loki has no table manager any more: the compactor applies retention",
            )


def _period(reading: Reading, config: LokiConfig) -> tuple[timedelta | None, Path | None]:
    override = (*OVERRIDES, SINGLE_TENANT, "retention_period")
    if (value := at(reading.values, override)) is not None:
        return loki_duration_of(value), override
    value = config.value("limits_config.retention_period")
    return (None, None) if value is None else (loki_duration_of(value), config.where("limits_config.retention_period"))


def _for_ever(reading: Reading, config: LokiConfig, period: timedelta | None, path: Path | None) -> None:
    """Write the longest retention and warn: unlike today's Loki, a stack deletes by its retention."""
    reading.write("retention", format_duration(FOR_EVER))
    warning = (
        f"LOKI STORES LINES FOR EVER TODAY, and a stack deletes them. The stack file has retention: "
        f"{format_duration(FOR_EVER)}, the longest allowed, so that nothing is deleted without your decision. "
        "Set the retention that you need; the first compaction deletes older lines"
    )
    if period and path:
        idle = f"the period is {format_duration(period)}, but without compactor.retention_enabled Loki deletes nothing"
        text = f"{idle}. {warning}"
        reading.translated(path, text, key="retention", decide=True)
        return
    if path:
        reading.translated(path, warning, key="retention", decide=True)
    else:
        why = (
            "there is no retention_period"
            if config.value("compactor.retention_enabled") is True
            else "nothing sets a retention"
        )
        reading.missing("loki.limits_config.retention_period", f"{why}. {warning}", key="retention", decide=True)


def follow_retention(reading: Reading, config: LokiConfig) -> None:
    """Remove query limits that equal what the longest retention implies."""
    if not deletes(config):
        return
    period = max(_periods(reading))
    for key, following in (("maxQueryLength", period + timedelta(hours=1)), ("maxQueryLookback", period)):
        if reading.key_value(f"limits.{key}") == format_duration(following):
            group = reading.stack["limits"]
            if isinstance(group, dict):
                del group[key]
                if not group:
                    del reading.stack["limits"]
    if "limits_config.max_query_lookback" not in map(".".join, config.settings):
        reading.missing(
            "loki.limits_config.max_query_lookback",
            "not set: queries look back as far as the retention, where the stored lines end",
            key="limits.maxQueryLookback",
        )


def _periods(reading: Reading) -> Iterator[timedelta]:
    """Return every retention period of the stack file, including the tenants'."""
    tenants = reading.stack.get("tenants", [])
    for group in (reading.stack, *(tenants if isinstance(tenants, list) else [])):
        for text in (group.get("retention"), *(at(rule, ("period",)) for rule in group.get("retentionStreams", []))):
            yield loki_duration_of(text) or timedelta()


def _streams(reading: Reading, config: LokiConfig) -> None:
    """Take the retention of single streams over."""
    rules = config.value("limits_config.retention_stream")
    if not isinstance(rules, list):
        return
    where = config.where("limits_config.retention_stream")
    if not deletes(config):
        idle = "without compactor.retention_enabled it deletes nothing today, so it is not written: add it if needed"
        reading.translated(where, idle, key="retentionStreams", decide=True)
        return
    reading.write("retentionStreams", [stream(rule) for rule in rules if isinstance(rule, Mapping)])
    reading.understood(where, "retentionStreams")


def stream(rule: Mapping[str, object]) -> dict[str, object]:
    """Return a retention rule in the stack file's form."""
    period = loki_duration_of(rule.get("period"))
    rule_keys = {"selector": rule.get("selector"), "period": format_duration(period) if period else rule.get("period")}
    return {**rule_keys, **({"priority": rule["priority"]} if "priority" in rule else {})}

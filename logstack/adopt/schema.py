"""The schema periods, unchanged and in order."""

from collections.abc import Mapping

from logstack.adopt.documents import templated
from logstack.adopt.former_store import name_of
from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.paths import at, path_of
from logstack.adopt.reading import Reading
from logstack.adopt.units import format_duration, loki_duration_of
from logstack.settings.model.loki import SchemaPeriod

PERIODS = "schemaPeriods"
_METADATA = "structuredMetadata"
# The chart's period for tests (testSchemaConfig), in all versions from 6 to 18.
_TEST = {"from": "2024-04-01", "store": "tsdb", "schema": "v13", "index": {"prefix": "index_", "period": "24h"}}
_READ = {"from", "store", "schema", "object_store", "index", "chunks", "row_shards"}
_S3 = ("s3", "aws", "s3-conf")
# The kinds of store that Loki calls by the same name.
_CLOUDS = ("gcs", "azure")


def schema(reading: Reading, config: LokiConfig) -> None:
    """Take all schema periods over; without them Loki finds no old line."""
    periods = config.value("schema_config.configs")
    if reading.starts_anew:
        text = "a new store begins with logstack's own period: lines of today stay in the old store"
        for path in ("loki.useTestSchema", "loki.testSchemaConfig"):
            reading.translated(path, text)
        if periods:
            reading.translated(config.where("schema_config.configs"), text)
        return
    if reading.value("loki.useTestSchema") is True and not periods:
        reading.write(PERIODS, [_period(_TEST)])
        text = "the chart's test period, with which Loki has stored lines: it stays, because a period must not change"
        reading.translated("loki.useTestSchema", text, key=PERIODS)
        reading.translated("loki.testSchemaConfig", "the stack file has the period itself", key=PERIODS)
        return
    reading.translated("loki.testSchemaConfig", "without effect: useTestSchema is off")
    reading.understood("loki.useTestSchema", PERIODS)
    if not isinstance(periods, list) or not periods:
        text = (
            "no schema is set: take it from the running Loki (--loki-config); with another one Loki finds no old line"
        )
        reading.write(PERIODS, [])
        reading.missing("loki.schemaConfig", text, key=PERIODS, decide=True)
        return
    where = config.where("schema_config.configs")
    groups = [each for each in periods if isinstance(each, Mapping)]
    reading.write(PERIODS, [_period(each) for each in groups])
    _structured_metadata(reading, config, groups)
    trouble = [text for number, each in enumerate(groups) for text in _trouble(reading, each, number)]
    if trouble:
        reading.not_taken(where, "; ".join(trouble), decide=True)
    else:
        reading.understood(where, PERIODS)


def _structured_metadata(reading: Reading, config: LokiConfig, periods: list[Mapping[str, object]]) -> None:
    """Switch structured metadata off where it is off today, or where no period has a schema for it."""
    name = "limits_config.allow_structured_metadata"
    is_off = config.value(name) is False
    has_no_schema = not any(each.get("store") == "tsdb" and each.get("schema") == "v13" for each in periods)
    if is_off or has_no_schema:
        reading.write(_METADATA, False)  # noqa: FBT003 - a value of the stack file
    if is_off:
        reading.understood(config.where(name), _METADATA)
    elif has_no_schema:
        reading.missing(f"loki.{name}", "the schema has no structured metadata: Loki 3 needs false", key=_METADATA)


def _period(period_of_loki: Mapping[str, object]) -> dict[str, object]:
    """Return a period in the stack file's form: `from`, `store` and `schema`, and what differs from the defaults."""
    prefix = at(period_of_loki, path_of("index.prefix"))
    period = loki_duration_of(at(period_of_loki, path_of("index.period")) or "24h")
    period_keys: dict[str, object] = {
        "from": str(period_of_loki.get("from")),
        "store": str(period_of_loki.get("store")),
        "schema": str(period_of_loki.get("schema")),
    }
    if (text := "" if prefix is None else str(prefix)) != SchemaPeriod.model_fields["index_prefix"].default:
        period_keys["indexPrefix"] = text
    if period and period != SchemaPeriod.model_fields["index_period"].default:
        period_keys["indexPeriod"] = format_duration(period)
    return period_keys


def _trouble(reading: Reading, period_of_loki: Mapping[str, object], number: int) -> list[str]:
    """Return what the stack cannot take over from a period."""
    troubles: list[str] = []
    kind = reading.key_value("objectStore.kind")
    stored = period_of_loki.get("object_store")
    is_of_today = (
        stored == kind if kind in _CLOUDS else isinstance(stored, str) and (stored in _S3) != (kind == "filesystem")
    )
    if (
        isinstance(stored, str)
        and not templated(stored)
        and stored != name_of(reading, period_of_loki)
        and not is_of_today
    ):
        troubles.append(f"period {number}: its lines are in {stored}, but all periods of a stack use one store")
    if period_of_loki.get("index") is None:
        troubles.append(
            f"period {number}: without `index` Loki does not start: take it from the running Loki (--loki-config)"
        )
    elif at(period_of_loki, path_of("index.path_prefix")) not in (None, "", "index/"):
        troubles.append(f"period {number}: its path_prefix is not index/, where logstack's Loki reads the index")
    if unsupported := sorted(set(period_of_loki) - _READ):
        troubles.append(f"period {number}: no stack-file key for {', '.join(unsupported)}")
    return troubles

"""The schema's history: each period as it is, in its order."""

from collections.abc import Mapping

from logstack.adopt.documents import templated
from logstack.adopt.former_store import name_of
from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.paths import at, path_of
from logstack.adopt.reading import Reading
from logstack.adopt.units import loki_duration_of, said_duration
from logstack.settings.model.loki import SchemaPeriod

_KEY = "schemaPeriods"
# The chart's period for tests (testSchemaConfig), in all versions from 6 to 18.
_TEST = {"from": "2024-04-01", "store": "tsdb", "schema": "v13", "index": {"prefix": "index_", "period": "24h"}}
_READ = {"from", "store", "schema", "object_store", "index", "chunks", "row_shards"}
_S3 = ("s3", "aws", "s3-conf")


def schema(reading: Reading, config: LokiConfig) -> None:
    """All periods; without them the old lines are not found."""
    periods = config.value("schema_config.configs")
    if reading.value("loki.useTestSchema") is True and not periods:
        reading.write(_KEY, [_period(_TEST)])
        text = "the chart's period for tests, which Loki has written with: it stays, for what has begun is never edited"
        reading.translated("loki.useTestSchema", text, key=_KEY)
        reading.translated("loki.testSchemaConfig", "the period is written out", key=_KEY)
        return
    reading.translated("loki.testSchemaConfig", "without effect: useTestSchema is off")
    reading.understood("loki.useTestSchema", _KEY)
    if not isinstance(periods, list) or not periods:
        text = (
            "no schema is said here: take it from the running Loki (--loki-config); by another one no old line is found"
        )
        reading.unsaid("loki.schemaConfig", text, key=_KEY, decide=True)
        return
    where = config.where("schema_config.configs")
    groups = [each for each in periods if isinstance(each, Mapping)]
    reading.write(_KEY, [_period(each) for each in groups])
    trouble = [text for number, each in enumerate(groups) for text in _trouble(reading, each, number)]
    if trouble:
        reading.not_taken(where, "; ".join(trouble), decide=True)
    else:
        reading.understood(where, _KEY)


def _period(said: Mapping[str, object]) -> dict[str, object]:
    """A period as the stack file has it; what is logstack's default is not repeated, but for the three that name it."""
    prefix = at(said, path_of("index.prefix"))
    period = loki_duration_of(at(said, path_of("index.period")) or "24h")
    written: dict[str, object] = {
        "from": str(said.get("from")),
        "store": str(said.get("store")),
        "schema": str(said.get("schema")),
    }
    if (text := "" if prefix is None else str(prefix)) != SchemaPeriod.model_fields["index_prefix"].default:
        written["indexPrefix"] = text
    if period and period != SchemaPeriod.model_fields["index_period"].default:
        written["indexPeriod"] = said_duration(period)
    return written


def _trouble(reading: Reading, said: Mapping[str, object], number: int) -> list[str]:
    """What of a period the stack cannot keep."""
    found: list[str] = []
    kind = reading.written("objectStore.kind")
    stored = said.get("object_store")
    is_of_today = isinstance(stored, str) and (stored in _S3) != (kind == "filesystem")
    if isinstance(stored, str) and not templated(stored) and stored != name_of(reading, said) and not is_of_today:
        found.append(f"period {number}: its lines are in {stored}, and logstack's periods are all in one store")
    if said.get("index") is None:
        found.append(
            f"period {number}: without index, with which no Loki starts: look at the running one (--loki-config)"
        )
    elif at(said, path_of("index.path_prefix")) not in (None, "", "index/"):
        found.append(f"period {number}: its index stands below another path_prefix than index/, where logstack looks")
    if others := sorted(set(said) - _READ):
        found.append(f"period {number}: {', '.join(others)} is not taken")
    return found

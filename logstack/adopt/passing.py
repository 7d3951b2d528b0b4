"""Values that the stack passes on as they are, where no key of the stack file decides them and the pinned version takes
them."""

from collections.abc import Mapping, Sequence

from logstack.adopt.documents import templated
from logstack.adopt.paths import Path, put
from logstack.adopt.reading import Reading
from logstack.settings.passthrough.credentials import credentials_in
from logstack.settings.passthrough.documents import JOINED, leaves
from logstack.settings.passthrough.misfits import misfits
from logstack.settings.passthrough.ownership import CONFIG, LOKI_VALUES, TENANT, Row, owner
from logstack.settings.passthrough.tables import Table, chart_values, loki_config, tenant_config

_TEXT = "passed on as it is, outside logstack's promises"


def pass_config(reading: Reading, where: Path, path: Path, value: object) -> bool:
    """Write a value of loki.yaml into the stack file, and report the value at `where`; False where it does not fit."""
    if not _fits(CONFIG, loki_config(), path, value):
        return False
    put(reading.stack, ("loki", "config", *path), value)
    reading.understood(where, "loki.config", _TEXT)
    return True


def pass_value(reading: Reading, path: Path, value: object) -> bool:
    """Write a value of the chart into the stack file, without entries of logstack's; False where it does not fit."""
    if path in JOINED["loki"] and isinstance(value, list):
        value = [entry for where, entry in leaves(_nested(path, value), JOINED["loki"]) if _is_free(LOKI_VALUES, where)]
    if value == [] or not _fits(LOKI_VALUES, chart_values("loki"), path, value):
        return False
    put(reading.stack, ("loki", "values", *path), value)
    reading.understood(path, "loki.values", _TEXT)
    return True


def tenant_values(reading: Reading, base: Path) -> dict[str, object]:
    """Return the open values below a tenant's overrides that its `config` takes, and report them."""
    found: dict[str, object] = {}
    for path, value in reading.open.items():
        inner = path[len(base) :]
        if path[: len(base)] == base and inner and _fits(TENANT, tenant_config(), inner, value):
            put(found, inner, value)
            reading.understood(path, "tenants", _TEXT)
    return found


def _fits(rows: Sequence[Row], table: Table, path: Path, value: object) -> bool:
    """Return whether a value is for the stack to pass on, is literal and no secret, and is known to the table."""
    document = _nested(path, value)
    return (
        all(_is_free(rows, leaf) for leaf, _ in leaves(document, JOINED["loki"]))
        and "ring" not in path
        and not any(isinstance(leaf, str) and templated(leaf) for leaf in _texts(value))
        and not any(True for _ in credentials_in(document))
        and not any(True for _ in misfits(table, document))
    )


def _is_free(rows: Sequence[Row], path: Path) -> bool:
    """Return whether no key of the stack file decides a value."""
    found = owner(rows, path)
    return found is None or found[0].is_default


def _texts(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return [leaf for inner in value.values() for leaf in _texts(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _texts(inner)]
    return [value]


def _nested(path: Path, value: object) -> dict[str, object]:
    document: dict[str, object] = {}
    put(document, path, value)
    return document

"""Tenants: whether requests need one, their names, users and own limits."""

from collections.abc import Mapping, Sequence

from logstack.adopt.access import is_asked, users
from logstack.adopt.limits import FOR_EVER, LIMITS, OVERRIDES, QUERY_LIMITS, deletes, differs, stream
from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.paths import Path, at
from logstack.adopt.reading import Reading
from logstack.adopt.units import format_duration, loki_duration_of
from logstack.settings.model.loki import SINGLE_TENANT
from logstack.settings.model.tenants import CANARY_TENANT

_KEY = "tenants"
_NOT_OTHERS = (SINGLE_TENANT, CANARY_TENANT)


def tenants(reading: Reading, config: LokiConfig) -> None:
    """Take the tenants over, if requests need one."""
    enabled = config.value("auth_enabled")
    per_tenant = enabled is True or (enabled is None and reading.value("loki.auth_enabled") is True)
    listed = reading.value("loki.tenants")
    named = [str(at(each, ("name",))) for each in listed] if isinstance(listed, list) else []
    own = _tenants_of(at(reading.values, OVERRIDES))
    names = [name for name in dict.fromkeys((*named, *own)) if name not in _NOT_OTHERS]
    if not per_tenant:
        reading.understood("loki.auth_enabled", _KEY, "no tenants")
        reading.translated("loki.tenants", "without effect: auth_enabled is false")
    elif names:
        _write(reading, config, names, users(reading, named))
        reading.understood("loki.auth_enabled", _KEY)
    else:
        _unnamed(reading)
    if enabled is not None:
        reading.understood(config.where("auth_enabled"), _KEY)
    for tenant in own:
        if tenant == CANARY_TENANT and per_tenant:
            reading.understood((*OVERRIDES, tenant), _KEY, "the canary's own tenant")
        elif tenant != SINGLE_TENANT and not per_tenant:
            reading.translated((*OVERRIDES, tenant), "without effect: auth_enabled is false")
    reading.not_taken("loki.runtimeConfig", "logstack writes the overrides itself, from `limits`", decide=True)


def _unnamed(reading: Reading) -> None:
    lost = "lines of every tenant but fake stay in the bucket, and no query finds them"
    text = f"every request names a tenant today, but the values do not list them: write them as tenants, or {lost}"
    if reading.has("loki.auth_enabled"):
        reading.translated("loki.auth_enabled", text, key=_KEY, decide=True)
    else:
        reading.missing("loki.auth_enabled", f"not set: the chart's default is true. {text}", key=_KEY, decide=True)


def _write(reading: Reading, config: LokiConfig, names: Sequence[str], users_of: Mapping[str, str]) -> None:
    """Write the tenants' names, users and limits; their namespaces are left to decide."""
    entries = [
        {
            "name": name,
            "namespaces": [],
            **({"user": users_of[name]} if name in users_of else {}),
            **_own(reading, config, name),
        }
        for name in names
    ]
    reading.write(_KEY, entries)
    text = "write each tenant's namespaces: the values do not have them. Passwords are not copied"
    if without := [name for name in names if is_asked(reading) and name not in users_of]:
        text += f". The gateway asks for a password: write the user of each of these tenants: {', '.join(without)}"
    if reading.has("loki.tenants"):
        reading.translated("loki.tenants", text, key=_KEY, decide=True)
    else:
        reading.missing("(the tenants' namespaces)", text, key=_KEY, decide=True)


def _own(reading: Reading, config: LokiConfig, name: str) -> dict[str, object]:
    """Return a tenant's own limits and retention from the overrides."""
    base = (*OVERRIDES, name)
    limits = _limits(reading, base)
    keys: dict[str, object] = {"limits": limits} if limits else {}
    keys |= _retention(reading, config, base)
    if isinstance(rules := at(reading.values, (*base, "retention_stream")), list) and deletes(config):
        keys["retentionStreams"] = [stream(rule) for rule in rules if isinstance(rule, Mapping)]
        reading.understood((*base, "retention_stream"), _KEY)
    reading.not_taken(base, "no key of a tenant: logstack's value or Loki's default applies", decide=True)
    return keys


def _limits(reading: Reading, base: Path) -> dict[str, object]:
    """Return a tenant's limits, without rates and sizes that equal the stack's."""
    limits: dict[str, object] = {}
    of_stack = reading.key_value("limits")
    for name, limit in LIMITS.items():
        if (value := at(reading.values, (*base, name))) is None:
            continue
        amount = limit.read(value)
        if amount is None:
            reading.not_taken((*base, name), "no limit today; the stack's limit applies: write one", decide=True)
            continue
        if name in QUERY_LIMITS or differs(limit.key, amount, of_stack if isinstance(of_stack, Mapping) else {}):
            limits[limit.key] = amount
        reading.understood((*base, name), _KEY)
    return limits


def _retention(reading: Reading, config: LokiConfig, base: Path) -> dict[str, object]:
    """Return a tenant's own retention, else that of all tenants, if the stack's is only that of `fake`."""
    path = (*base, "retention_period")
    if not deletes(config):
        for name in ("retention_period", "retention_stream"):
            idle = (
                "without compactor.retention_enabled it deletes nothing today, so it is not written: add it if needed"
            )
            reading.translated((*base, name), idle, key=_KEY, decide=True)
        return {}
    own = at(reading.values, path)
    period = config.value("limits_config.retention_period") if own is None else own
    retention = format_duration(loki_duration_of(period) or FOR_EVER)
    if own is None and retention == reading.key_value("retention"):
        return {}
    if retention == format_duration(FOR_EVER):
        reading.translated(
            path, "stored for ever today: the stack file has the longest period allowed", key=_KEY, decide=True
        )
    reading.understood(path, _KEY)
    return {"retention": retention}


def _tenants_of(overrides: object) -> Sequence[str]:
    return list(overrides) if isinstance(overrides, Mapping) else []

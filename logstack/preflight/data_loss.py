"""Checks that a change neither deletes lines nor hides them, against the configuration that the stack applied last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import yaml

from logstack.manifests.loki.config import OVERRIDES_KEY, loki_config
from logstack.manifests.loki.history import abandoned_lines, broken_history, periods_of
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.loki.retention import Retention, Section, Shortened, retention_of, section, shortened
from logstack.manifests.loki.values import CONFIG_KEY, CONFIG_MAP, OVERRIDES_MAP
from logstack.manifests.stores.kinds import store_access
from logstack.settings.model.quantities import plain_duration
from logstack.settings.problems import Problem, StackProblems
from logstack.settings.tree import Settings


@dataclass(frozen=True)
class Configuration:
    """Loki's configuration, as documents."""

    config: Section
    overrides: Section

    @property
    def retention(self) -> Retention:
        """Return the retention rules."""
        return retention_of(self.config, self.overrides)


def declared_configuration(settings: Settings) -> Configuration:
    """Return the configuration that the stack file declares."""
    store = store_access(settings.object_store, settings.cluster, settings.former_object_store)
    return Configuration(loki_config(settings, store, settings.cluster), loki_overrides(settings))


def applied_configuration(maps: Sequence[Mapping[str, Any]], namespace: str, config: Section) -> Configuration | None:
    """Find this Loki's ConfigMaps in the state: in its namespace, or in another one with the same store.

    A program may have several Lokis, and a Loki that moves to another namespace has the same lines.
    """
    configs, overrides = documents_of(maps, CONFIG_MAP, CONFIG_KEY), documents_of(maps, OVERRIDES_MAP, OVERRIDES_KEY)
    moved = [name for name, applied in configs.items() if _storage(applied) == _storage(config)]
    applied_in = next((name for name in (namespace, *moved) if name in configs), None)
    return None if applied_in is None else Configuration(configs[applied_in], overrides.get(applied_in, {}))


def documents_of(maps: Sequence[Mapping[str, Any]], name: str, key: str) -> dict[str, Section]:
    """Return one file of each ConfigMap of this name, by namespace; a chart's own ConfigMap may lack it."""
    named = [each for each in maps if each["metadata"]["name"] == name and key in (each.get("data") or {})]
    return {each["metadata"]["namespace"]: yaml.safe_load(each["data"][key]) for each in named}


def _storage(config: Section) -> object:
    return section(config["common"]).get("storage"), section(config["storage_config"]).get("object_store")


def refuse_lost_lines(
    before: Configuration | None, after: Configuration, acknowledged: tuple[str, ...], now: datetime
) -> list[Problem]:
    """Return warnings for acknowledged losses of lines; raise StackProblems for all others.

    `before` is None if the stack has applied nothing yet; `now` has a time zone.
    """
    if before is None:
        return []
    longest = max(before.retention.longest, after.retention.longest)
    periods = periods_of(before.config), periods_of(after.config), longest, now
    losses = [(loss.acknowledgement, _deleted(loss, now)) for loss in shortened(before.retention, after.retention)]
    losses += [(lines.acknowledgement, lines.problem()) for lines in abandoned_lines(*periods)]
    # The whole list: a second key beside the one that the file has would be a duplicate.
    names = list(dict.fromkeys([*acknowledged, *(name for name, _ in losses)]))
    line = f"logstack:acknowledge: {names}"
    refused = [replace(loss, fix=f"{loss.fix}\n{line}") for name, loss in losses if name not in acknowledged]
    refused += broken_history(*periods)
    if refused:
        raise StackProblems(refused)
    return [replace(loss, fix="the stack file acknowledges it", severity="warning") for _, loss in losses]


def _deleted(loss: Shortened, now: datetime) -> Problem:
    """The problem for deleted lines: their days, and the acknowledgement that accepts it."""
    before, after = plain_duration(loss.before), plain_duration(loss.after)
    oldest, youngest = (f"{now - period:%Y-%m-%d}" for period in (loss.before, loss.after))
    key = "tenants" if loss.tenant else "retentionStreams" if loss.selector else "retention"
    return Problem(
        "retention-shortened",
        f"logstack:{key}",
        f"the retention of {loss.lines} is {after}; the applied retention is {before}",
        f"the compactor deletes the lines of {oldest} to {youngest} (UTC) soon after the update; nothing restores them",
        f"leave it at {before}, or copy the lines you still need and accept the loss:",
    )

"""Whether a change deletes lines or makes them unreadable, compared with what the stack has applied last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import yaml

from logstack.manifests.loki.config import OVERRIDES_KEY, loki_config
from logstack.manifests.loki.history import broken_history, left_behind, periods_of
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.loki.retention import Retention, Section, Shortened, retention_of, section, shortened
from logstack.manifests.loki.values import CONFIG_KEY, CONFIG_MAP, OVERRIDES_MAP
from logstack.manifests.stores.kinds import store_access
from logstack.settings.model.quantities import plain_duration
from logstack.settings.model.tree import Settings
from logstack.settings.problems import Problem, StackProblems


@dataclass(frozen=True)
class Configuration:
    """Loki's configuration, as documents."""

    config: Section
    overrides: Section

    @property
    def retention(self) -> Retention:
        """What is kept how long."""
        return retention_of(self.config, self.overrides)


def written(settings: Settings) -> Configuration:
    """The configuration of the stack file."""
    store = store_access(settings.object_store, settings.cluster, settings.former_object_store)
    return Configuration(loki_config(settings, store, settings.cluster), loki_overrides(settings))


def of_the_stack(maps: Sequence[Mapping[str, Any]], namespace: str, config: Section) -> Configuration | None:
    """Of all ConfigMaps in the state those of this Loki: in its namespace, or in another one with its store.

    A program may have several Lokis, and a Loki that moves to another namespace keeps its lines.
    """
    configs, overrides = _documents(maps, CONFIG_MAP, CONFIG_KEY), _documents(maps, OVERRIDES_MAP, OVERRIDES_KEY)
    moved = [name for name, each in configs.items() if _storage(each) == _storage(config)]
    there = next((name for name in (namespace, *moved) if name in configs), None)
    return None if there is None else Configuration(configs[there], overrides.get(there, {}))


def _documents(maps: Sequence[Mapping[str, Any]], name: str, key: str) -> dict[str, Section]:
    """One file of each ConfigMap of this name, by namespace; a chart's own ConfigMap may have none."""
    named = [each for each in maps if each["metadata"]["name"] == name and key in (each.get("data") or {})]
    return {each["metadata"]["namespace"]: yaml.safe_load(each["data"][key]) for each in named}


def _storage(config: Section) -> object:
    return section(config["common"]).get("storage")


def refuse_lost_lines(
    before: Configuration | None, after: Configuration, acknowledged: tuple[str, ...], now: datetime
) -> list[Problem]:
    """What the change deletes with the stack file's consent; raises StackProblems for what it does without.

    `before` is None when nothing was applied yet; `now` has a time zone.
    """
    if before is None:
        return []
    longest = max(before.retention.longest, after.retention.longest)
    periods = periods_of(before.config), periods_of(after.config), longest, now
    losses = [(loss.acknowledgement, _deleted(loss, now)) for loss in shortened(before.retention, after.retention)]
    losses += [(left.acknowledgement, left.problem()) for left in left_behind(*periods)]
    refused = [problem for name, problem in losses if name not in acknowledged]
    refused += broken_history(*periods)
    if refused:
        raise StackProblems(refused)
    return [replace(loss, fix="acknowledged in the stack file", severity="warning") for _, loss in losses]


def _deleted(loss: Shortened, now: datetime) -> Problem:
    """Which lines go, and what to say to let them go."""
    before, after = plain_duration(loss.before), plain_duration(loss.after)
    oldest, youngest = (f"{now - period:%Y-%m-%d}" for period in (loss.before, loss.after))
    key = "tenants" if loss.tenant else "retentionStreams" if loss.selector else "retention"
    return Problem(
        "retention-shortened",
        f"logstack:{key}",
        f"{loss.lines}: retention {after} is shorter than the applied {before}",
        f"soon after the update the compactor permanently deletes lines from {oldest} to {youngest} (UTC)",
        f"keep {before}, or copy the lines that you need and accept:\nlogstack:acknowledge: ['{loss.acknowledgement}']",
    )

"""What this stack has applied last, out of its own state, and whether the change may follow it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pulumi
import yaml

from logstack.manifests.loki.config import OVERRIDES_KEY, loki_config
from logstack.manifests.loki.history import broken_history, left_behind, periods_of
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.loki.resources import CONFIG
from logstack.manifests.loki.retention import Retention, Section, Shortened, retention_of, section, shortened
from logstack.manifests.loki.values import CONFIG_KEY, CONFIG_MAP, OVERRIDES_MAP
from logstack.manifests.stores.access import store_access
from logstack.settings.load.loader import problems_stop_the_program
from logstack.settings.model.quantities import plain_duration
from logstack.settings.model.tree import Settings
from logstack.settings.problems import Problem, StackProblems

_READ = "pulumi:pulumi:readStackResourceOutputs"
# A state in files is written in place, and an `up` writes it while the program begins: measured, in 2 of 11 of them it
# was empty at that moment.
_BEING_WRITTEN = "failed to load checkpoint"
_TRIES = 20
_PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Configuration:
    """Loki's configuration, as documents."""

    config: Section
    overrides: Section

    @property
    def retention(self) -> Retention:
        """What is kept how long."""
        return retention_of(self.config, self.overrides)


def stop_before_lines_are_lost(settings: Settings) -> None:
    """Ends the program when the change deletes lines that nobody has given up, or makes lines unreadable."""
    with problems_stop_the_program():
        accepted = refuse_lost_lines(applied(settings), written(settings), settings.acknowledge, datetime.now(UTC))
    for problem in accepted:
        pulumi.log.warn(problem.text())


def written(settings: Settings) -> Configuration:
    """The configuration of the stack file."""
    store = store_access(settings.object_store, settings.cluster, settings.former_object_store)
    return Configuration(loki_config(settings, store, settings.cluster), loki_overrides(settings))


def applied(settings: Settings) -> Configuration | None:
    """The configuration that the stack's state has; None as long as there is none.

    The state knows each resource as soon as it is made or changed, so an update that was interrupted is told as well;
    a stack's outputs are registered at its end alone. The engine answers from the backend, whichever that is.
    """
    answer = _state(f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}")
    maps = [each["outputs"] for each in answer.get("outputs", {}).values() if each["type"] == CONFIG]
    return of_the_stack(maps, settings.cluster.namespace, written(settings).config)


def _state(name: str) -> Mapping[str, Any]:
    """The resources of a state, asked for again while the engine writes it."""
    for _ in range(_TRIES):
        try:
            return pulumi.runtime.invoke(_READ, {"stackName": name}).value or {}
        except Exception as error:  # what the SDK raises has no class of its own
            if _BEING_WRITTEN not in str(error):
                raise
            time.sleep(_PAUSE_SECONDS)
    return pulumi.runtime.invoke(_READ, {"stackName": name}).value or {}


def of_the_stack(maps: Sequence[Mapping[str, Any]], namespace: str, config: Section) -> Configuration | None:
    """Of all ConfigMaps in the state those of this Loki: in its namespace, or in another one with its store.

    A program may have several Lokis, and a Loki that moves to another namespace keeps its lines.
    """
    configs, overrides = _documents(maps, CONFIG_MAP, CONFIG_KEY), _documents(maps, OVERRIDES_MAP, OVERRIDES_KEY)
    moved = [place for place, other in configs.items() if _storage(other) == _storage(config)]
    there = next((place for place in (namespace, *moved) if place in configs), None)
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
    return [replace(loss, fix="it is acknowledged", severity="warning") for _, loss in losses]


def _deleted(loss: Shortened, now: datetime) -> Problem:
    """Which lines go, and what to say to let them go."""
    before, after = plain_duration(loss.before), plain_duration(loss.after)
    oldest, youngest = (f"{now - period:%Y-%m-%d}" for period in (loss.before, loss.after))
    key = "tenants" if loss.tenant else "retentionStreams" if loss.selector else "retention"
    return Problem(
        "retention-shortened",
        f"logstack:{key}",
        f"{loss.lines} are kept for {after}; applied are {before}",
        f"the compactor deletes those of {oldest} to {youngest} (UTC) for ever, soon after the update",
        f"keep {before}, or copy what is still needed and accept it:\nlogstack:acknowledge: ['{loss.acknowledgement}']",
    )

"""Checks that ask the API server, AWS or the engine's state, before anything is registered."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pulumi

from logstack.manifests.loki.resources import CONFIG
from logstack.preflight.api_server import refuse_old_cluster, server_version
from logstack.preflight.aws_account import refuse_wrong_account, shell_caller
from logstack.preflight.data_loss import Configuration, of_the_stack, refuse_lost_lines, written
from logstack.preflight.kubeconfig import kubeconfig_files, refuse_wrong_cluster
from logstack.preflight.ring_label import refuse_split_ring
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import ObjectStoreSettings
from logstack.settings.model.tree import Settings

from .config import problems_stop_the_program

_READ = "pulumi:pulumi:readStackResourceOutputs"
# A state in files is written in place, and an `up` writes it while the program begins: measured, in 2 of 11 of them it
# was empty at that moment.
_BEING_WRITTEN = "failed to load checkpoint"
_TRIES = 20
_PAUSE_SECONDS = 0.1


def stop_without_cluster(cluster: ClusterSettings) -> None:
    """Ends the program when the context is unknown, points elsewhere, or leads to no API server that answers."""
    with problems_stop_the_program():
        files = kubeconfig_files()
        refuse_wrong_cluster(cluster, files)
        refuse_old_cluster(cluster, server_version(cluster, files))


def stop_in_wrong_account(store: ObjectStoreSettings) -> None:
    """Ends the program when the store is in AWS and the shell's credentials are not of its account.

    The AWS provider refuses a wrong account as well, but only when the cluster's part is being made already.
    """
    if in_aws := store.in_aws:
        with problems_stop_the_program():
            refuse_wrong_account(in_aws, shell_caller(in_aws))


def stop_before_lines_are_lost(settings: Settings) -> None:
    """Ends the program when the change deletes lines that nobody has given up, hides lines, or splits the ring."""
    with problems_stop_the_program():
        before, after = applied(settings), written(settings)
        refuse_split_ring(before, after, settings)
        accepted = refuse_lost_lines(before, after, settings.acknowledge, datetime.now(UTC))
    for problem in accepted:
        pulumi.log.warn(problem.text())


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

"""Checks that ask the API server, AWS or the engine's state, before anything is registered."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pulumi

from logstack.manifests.loki.resources import CONFIG
from logstack.manifests.manifest import ComponentTree
from logstack.preflight.api_server import ApiServer, connect, refuse_old_cluster
from logstack.preflight.aws_account import refuse_wrong_account, shell_caller
from logstack.preflight.aws_buckets import head_bucket, refuse_missing_buckets
from logstack.preflight.data_loss import Configuration, applied_configuration, declared_configuration, refuse_lost_lines
from logstack.preflight.datasource import refuse_changed_uid
from logstack.preflight.kubeconfig import kubeconfig_files, refuse_wrong_cluster
from logstack.preflight.questions import refuse_unfit_cluster
from logstack.preflight.ring_label import refuse_split_ring
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import ObjectStoreSettings
from logstack.settings.tree import Settings

from .config import problems_stop_the_program, show_warnings

_READ = "pulumi:pulumi:readStackResourceOutputs"
# A state in files is overwritten in place, and `up` does so while the program begins: measured, the file was empty at
# that moment in 2 of 11 runs.
_WRITE_IN_PROGRESS = "failed to load checkpoint"
_TRIES = 20
_PAUSE_SECONDS = 0.1


def stop_before_harm(settings: Settings, components: Sequence[ComponentTree]) -> None:
    """End the program if registering the components would fail halfway, reach a wrong place or lose lines."""
    stop_in_wrong_account(settings.object_store)
    stop_without_bucket(settings.object_store)
    stop_without_needs(settings, components, stop_without_cluster(settings.cluster))
    stop_before_lines_are_lost(settings)
    stop_before_grafana_refuses_the_datasource(settings, components)


def stop_without_cluster(cluster: ClusterSettings) -> ApiServer:
    """End the program if the context is unknown, points to another cluster, or its API server does not answer."""
    with problems_stop_the_program():
        files = kubeconfig_files()
        refuse_wrong_cluster(cluster, files)
        server = connect(cluster, files)
        refuse_old_cluster(cluster, server.version)
    return server


def stop_without_needs(settings: Settings, components: Sequence[ComponentTree], server: ApiServer) -> None:
    """End the program if the cluster lacks what the stack needs and does not bring, such as its namespace."""
    with problems_stop_the_program():
        warnings = refuse_unfit_cluster(settings, components, server.get)
    show_warnings(warnings)


def stop_in_wrong_account(store: ObjectStoreSettings) -> None:
    """End the program if the stack makes resources in AWS and the shell's credentials belong to another account.

    The AWS provider refuses a wrong account as well, but only after resources in the cluster have been created.
    """
    in_aws = store.in_aws
    if in_aws and in_aws.makes_in_account:
        with problems_stop_the_program():
            refuse_wrong_account(in_aws, shell_caller(in_aws))


def stop_without_bucket(store: ObjectStoreSettings) -> None:
    """End the program if the store is in AWS and an existing bucket of it is missing, or in another region."""
    if in_aws := store.in_aws:
        with problems_stop_the_program():
            refuse_missing_buckets(in_aws, head_bucket)


def stop_before_lines_are_lost(settings: Settings) -> None:
    """End the program if the change deletes lines without an acknowledgement, hides lines, or splits the ring."""
    with problems_stop_the_program():
        before, after = applied(settings), declared_configuration(settings)
        refuse_split_ring(before, after, settings)
        accepted = refuse_lost_lines(before, after, settings.acknowledge, datetime.now(UTC))
    show_warnings(accepted)


def stop_before_grafana_refuses_the_datasource(settings: Settings, components: Sequence[ComponentTree]) -> None:
    """End the program if the change gives a datasource another uid, which Grafana does not accept."""
    with problems_stop_the_program():
        refuse_changed_uid(_applied_maps(), components, settings)


def applied(settings: Settings) -> Configuration | None:
    """Return the configuration in the stack's state; None before the first one.

    The state has each resource as soon as it is created or changed, so that it includes an interrupted update; a stack
    registers its outputs only at its end. The engine reads the state from any backend.
    """
    maps, declared = _applied_maps(), declared_configuration(settings).config
    return applied_configuration(maps, settings.cluster.namespace, declared)


def _applied_maps() -> list[Mapping[str, Any]]:
    """Return the ConfigMaps in the stack's state."""
    answer = _state(f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}")
    return [each["outputs"] for each in answer.get("outputs", {}).values() if each["type"] == CONFIG]


def _state(name: str) -> Mapping[str, Any]:
    """Return the resources of a state; try again while the engine writes it."""
    for _ in range(_TRIES):
        try:
            return pulumi.runtime.invoke(_READ, {"stackName": name}).value or {}
        except Exception as error:  # the SDK's exception has no class of its own
            if _WRITE_IN_PROGRESS not in str(error):
                raise
            time.sleep(_PAUSE_SECONDS)
    return pulumi.runtime.invoke(_READ, {"stackName": name}).value or {}

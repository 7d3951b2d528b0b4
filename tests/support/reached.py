"""Answers of a cluster, for tests without one."""

from collections.abc import Mapping
from typing import Any

import pytest

from components import guards
from logstack.manifests.deployment import deployment
from logstack.preflight.api_server import Answer, ApiServer, Get, NoAnswer
from logstack.preflight.needs import ExistingObject, existing_objects, kinds, namespaces, storage_classes
from logstack.settings.tree import Settings

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def answer_forbidden(path: str, accept: str) -> NoAnswer:
    """Answer as an API server does whose user may not ask: such questions are skipped."""
    del path, accept
    return NoAnswer.NOT_ALLOWED


def let_every_cluster_answer(patch: pytest.MonkeyPatch, get: Get = answer_forbidden) -> None:
    """Let every stack's API server answer with a supported version, without a request to it; `get` answers the rest."""
    patch.setattr(guards, "connect", lambda _cluster, _files: ApiServer((1, 34), get))


class FittingCluster:
    """An API server's answers by path, with all that a stack needs; a test takes something away."""

    def __init__(self, settings: Settings) -> None:
        components = deployment(settings)
        self.answers: dict[str, dict[str, Any] | NoAnswer] = {}
        self.asked: list[tuple[str, str]] = []
        """Paths and media types."""
        for name in (*namespaces(components), settings.cluster.namespace):
            self.answers[f"/api/v1/namespaces/{name}"] = {"metadata": {"name": name}}
        for version, declared in kinds(components).items():
            group = f"/apis/{version}" if "/" in version else f"/api/{version}"
            self.answers[group] = {"resources": [{"kind": kind} for kind in declared]}
        for each in existing_objects(settings):
            self.answers[_path_of(each)] = secret_metadata(*each.data_keys)
        self.classes({name or "standard": name is None for name in storage_classes(components)})
        scheduling = [settings.scheduling, *settings.scheduling.by_component.values(), settings.collector.scheduling]
        selectors = [each.node_selector for each in scheduling if each.node_selector] or [{}]
        self.nodes(*[node(labels=selector) for selector in selectors] * 10)

    def classes(self, is_default: Mapping[str, bool]) -> None:
        """The StorageClasses, each with whether it is the default one."""
        self.answers["/apis/storage.k8s.io/v1/storageclasses"] = {
            "items": [
                {"metadata": {"name": name, "annotations": {DEFAULT_CLASS: "true"}} if default else {"name": name}}
                for name, default in is_default.items()
            ]
            or None
        }

    def nodes(self, *nodes: Mapping[str, Any]) -> None:
        """The nodes."""
        self.answers["/api/v1/nodes?limit=200"] = {"metadata": {}, "items": list(nodes)}

    def get(self, path: str, accept: str) -> Answer:
        """As ApiServer.get."""
        self.asked.append((path, accept))
        answer = self.answers.get(path, NoAnswer.MISSING)
        if "as=Table" in accept and not isinstance(answer, NoAnswer):
            return {
                "columnDefinitions": [{"name": "Name"}, {"name": "Data"}],
                "rows": [{"cells": ["", answer["count"]]}],
            }
        return answer


def secret_metadata(*keys: str, written_as: str = "data", more: int = 0) -> dict[str, Any]:
    """What the API server says of a Secret without its values; `more` keys are of nobody."""
    fields: dict[str, Any] = {f"f:{written_as}": {".": {}, **{f"f:{key}": {} for key in keys}}}
    return {"metadata": {"managedFields": [{"fieldsV1": fields}]}, "count": len(keys) + more}


def node(
    cpu: str = "64",
    memory: str = "256Gi",
    *,
    ready: str = "True",
    cordoned: bool = False,
    taint: str = "",
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A node, as far as the scheduler looks at it; `taint` is an effect, `labels` are beside its operating system's."""
    return {
        "metadata": {"labels": {"kubernetes.io/os": "linux", **(labels or {})}},
        "spec": {
            **({"unschedulable": True} if cordoned else {}),
            **({"taints": [{"key": "k", "effect": taint}]} if taint else {}),
        },
        "status": {
            "allocatable": {"cpu": cpu, "memory": memory},
            "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": ready}],
        },
    }


def _path_of(each: ExistingObject) -> str:
    version = each.kind.api_version
    scope = f"/namespaces/{each.namespace}" if each.namespace else ""
    return f"{'/apis' if '/' in version else '/api'}/{version}{scope}/{each.kind.plural}/{each.name}"

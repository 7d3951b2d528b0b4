"""A real cluster that pods run on: what the tests ask of it, all through its API server."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

from tests.support.stores import Object

GATEWAY = "loki-gateway:80"
CANARY = "loki-canary:3500"
_POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Pod:
    """A pod as it is now."""

    name: str
    uid: str
    labels: Mapping[str, str]
    ready: bool
    restarts: int
    owned: bool
    """Whether a controller owns it."""
    ending: bool


@dataclass(frozen=True)
class CanaryCount:
    """What a canary has counted since it started."""

    entries: int
    missing: int
    duplicates: int


class Live:
    """A cluster by the current context of a kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        contexts, current = config.list_kube_config_contexts(str(kubeconfig))
        del contexts
        self.context: str = current["name"]
        self._api = config.new_client_from_config(str(kubeconfig))
        self.server: str = self._api.configuration.host

    @cached_property
    def core(self) -> Any:
        """Pods, namespaces, volumes, Secrets."""
        return client.CoreV1Api(self._api)

    @cached_property
    def dynamic(self) -> DynamicClient:
        """Objects of every kind."""
        return DynamicClient(self._api)

    def namespace(self, name: str, labels: Mapping[str, str] | None = None) -> None:
        """Make a namespace, unless it is there."""
        try:
            self.core.create_namespace({"metadata": {"name": name, "labels": dict(labels or {})}})
        except ApiException as error:
            if error.reason != "Conflict":
                raise

    def remove_namespace(self, name: str) -> None:
        """Delete a namespace with all that is in it, and wait until it is gone; its pods are killed."""
        try:
            self.core.delete_collection_namespaced_pod(name, grace_period_seconds=0)
            self.core.delete_namespace(name)
        except ApiException as error:
            if error.reason != "Not Found":
                raise
        self.until(lambda: name not in self.namespaces(), f"the namespace {name} is gone", seconds=180)

    def namespaces(self) -> list[str]:
        """The names of all namespaces."""
        return [each.metadata.name for each in self.core.list_namespace().items]

    def pods(self, namespace: str, selector: str = "") -> list[Pod]:
        """The pods, sorted by their names."""
        found = self.core.list_namespaced_pod(namespace, label_selector=selector).items
        return sorted(map(_pod, found), key=lambda pod: pod.name)

    def claims(self, namespace: str) -> dict[str, str]:
        """PersistentVolumeClaims: their names and uids."""
        found = self.core.list_namespaced_persistent_volume_claim(namespace).items
        return {each.metadata.name: each.metadata.uid for each in found}

    def kill(self, namespace: str, pod: str) -> None:
        """Delete a pod at once, as a lost node would take it."""
        self.core.delete_namespaced_pod(pod, namespace, grace_period_seconds=0)

    def until(self, true: Callable[[], bool], what: str, *, seconds: float) -> float:
        """Wait; the seconds that it took. Raises TimeoutError that names what did not come."""
        started = time.monotonic()
        while not true():
            if time.monotonic() - started > seconds:
                raise TimeoutError(f"not within {seconds:.0f} s: {what}")
            time.sleep(_POLL_SECONDS)
        return time.monotonic() - started

    def settle(self, namespace: str, *, seconds: float = 420) -> float:
        """Wait until every workload has rolled out and every pod is ready; the seconds that it took.

        Raises TimeoutError with each pod that is not, its last event and the end of its log.
        """
        try:
            return self.until(lambda: self.settled(namespace), "every pod ready", seconds=seconds)
        except TimeoutError as error:
            late = [pod for pod in self.pods(namespace) if not pod.ready]
            told = "\n".join(f"{pod.name}: {self._last_event(namespace, pod.name)}" for pod in late)
            raise TimeoutError(f"{error}\n{told}") from None

    def get(self, namespace: str, service: str, path: str, **query: object) -> str:
        """What a service answers, asked through the API server; raises ApiException where it does not."""
        answer = self._api.call_api(
            f"/api/v1/namespaces/{namespace}/services/{service}/proxy/{path}",
            "GET",
            query_params=[(key, str(value)) for key, value in query.items()],
            auth_settings=["BearerToken"],
            _preload_content=False,
        )
        text: str = answer.data.decode()
        return text

    def push(self, namespace: str, labels: Mapping[str, str], lines: Sequence[str]) -> None:
        """Send lines of now to Loki through the gateway."""
        now = time.time_ns()
        entries = [[str(now + index), line] for index, line in enumerate(lines)]
        self._api.call_api(
            f"/api/v1/namespaces/{namespace}/services/{GATEWAY}/proxy/loki/api/v1/push",
            "POST",
            header_params={"Content-Type": "application/json"},
            body={"streams": [{"stream": dict(labels), "values": entries}]},
            auth_settings=["BearerToken"],
            _preload_content=False,
        )

    def objections(self, an_object: Object) -> list[str]:
        """What the API server says against an object that would be applied; nothing is.

        Warnings, or the reason why it is refused.
        """
        kind = self.dynamic.resources.get(api_version=an_object["apiVersion"], kind=an_object["kind"])
        metadata = an_object["metadata"]
        try:
            answer = self._api.call_api(
                kind.path(name=metadata["name"], namespace=metadata.get("namespace")),
                "PATCH",
                query_params=[
                    ("dryRun", "All"),
                    ("fieldManager", "tests"),
                    ("fieldValidation", "Strict"),
                    ("force", "true"),
                ],
                header_params={"Content-Type": "application/apply-patch+yaml"},
                body=dict(an_object),
                auth_settings=["BearerToken"],
                _preload_content=False,
            )
        except ApiException as error:
            return [json.loads(error.body)["message"]]
        return list(answer.headers.getlist("Warning"))

    def streams(self, namespace: str, query: str, *, since: float = 3600, limit: int = 5000) -> list[dict[str, Any]]:
        """What Loki answers to LogQL through the gateway: streams with their labels and entries."""
        answer = json.loads(
            self.get(
                namespace,
                GATEWAY,
                "loki/api/v1/query_range",
                query=query,
                limit=limit,
                start=f"{int((time.time() - since) * 1e9)}",
            )
        )
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def lines(self, namespace: str, query: str, **options: Any) -> list[tuple[str, str]]:
        """The entries of every stream: time and line."""
        return [tuple(value) for stream in self.streams(namespace, query, **options) for value in stream["values"]]

    def canary(self, namespace: str) -> CanaryCount:
        """The canary's counters; one canary, on the one node."""
        counters: dict[str, int] = {}
        for line in self.get(namespace, CANARY, "metrics").splitlines():
            name, _, value = line.partition(" ")
            if name.startswith("loki_canary_") and name.endswith("_total"):
                counters[name] = int(float(value))
        return CanaryCount(
            entries=counters["loki_canary_entries_total"],
            missing=counters["loki_canary_missing_entries_total"],
            duplicates=counters["loki_canary_duplicate_entries_total"],
        )

    def settled(self, namespace: str) -> bool:
        """Whether every workload has rolled out, and every pod is ready."""
        apps = client.AppsV1Api(self._api)
        workloads: Sequence[Any] = [
            *apps.list_namespaced_deployment(namespace).items,
            *apps.list_namespaced_stateful_set(namespace).items,
            *apps.list_namespaced_daemon_set(namespace).items,
        ]
        pods = self.pods(namespace)
        return all(map(_rolled_out, workloads)) and all(pod.ready and not pod.ending for pod in pods)

    def _last_event(self, namespace: str, pod: str) -> str:
        found = self.core.list_namespaced_event(namespace, field_selector=f"involvedObject.name={pod}").items
        return f"{found[-1].reason}: {found[-1].message}" if found else "no event"


def _pod(found: Any) -> Pod:
    statuses = found.status.container_statuses or []
    return Pod(
        name=found.metadata.name,
        uid=found.metadata.uid,
        labels=found.metadata.labels or {},
        ready=bool(statuses) and all(each.ready for each in statuses),
        restarts=sum(each.restart_count for each in statuses),
        owned=bool(found.metadata.owner_references),
        ending=found.metadata.deletion_timestamp is not None,
    )


def _rolled_out(workload: Any) -> bool:
    """As `kubectl rollout status` decides it."""
    status, spec = workload.status, workload.spec
    if (status.observed_generation or 0) < workload.metadata.generation:
        return False
    if hasattr(status, "desired_number_scheduled"):
        wanted = status.desired_number_scheduled
        return bool((status.updated_number_scheduled or 0) == wanted == (status.number_ready or 0))
    return bool((status.updated_replicas or 0) == spec.replicas == (status.ready_replicas or 0))

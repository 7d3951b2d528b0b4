"""A real cluster on which pods run, reached only through its API server."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from urllib3.exceptions import HTTPError

from logstack.localrun.metrics import parse_metrics
from tests.support.stores import Object

GATEWAY = "loki-gateway:80"
CANARY = "loki-canary:3500"
_POLL_SECONDS = 2.0
_ASKED_EACH_SECONDS = 0.2
_ANSWERED_WITHIN_SECONDS = 2.0
# A collector that was refused pauses for up to five minutes (max_backoff_period), and sends its lines then.
_PATIENCE_SECONDS = 400.0
_ANSWER_SECONDS = 60.0
_CANARY_LINE = re.compile(r"\d{19} p+")


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
    """The lines of the one canary since it started."""

    written: int
    """Its lines in its pod's log, on the node."""
    missing: int
    """The lines that Loki did not have after the collector's longest pause."""
    reported: int
    """The lines that the canary has counted as missing, after five minutes: of a long outage, late ones too."""
    duplicates: int
    """The lines that the canary received twice."""

    def __str__(self) -> str:
        """Return the counts as text."""
        late = f", {self.reported} reported by the canary itself" if self.reported else ""
        return f"canary: {self.written} lines, {self.missing} missing{late}"


@dataclass
class Availability:
    """When a service answered."""

    started: float = field(default_factory=time.monotonic)
    answers: list[float] = field(default_factory=list)
    """In seconds of time.monotonic; the last is the end of asking."""

    @property
    def longest_gap(self) -> float:
        """Return the longest time without an answer, in seconds."""
        return max(after - before for before, after in pairwise([self.started, *self.answers]))


class _ImpatientClient(client.ApiClient):  # type: ignore[misc]
    """The library's client with a deadline for each answer; the library's own default is none."""

    def request(self, *arguments: Any, **options: Any) -> Any:
        """Send one request; raises MaxRetryError when none of four tries is answered in time."""
        options["_request_timeout"] = options.get("_request_timeout") or _ANSWER_SECONDS
        return super().request(*arguments, **options)


class Live:
    """The cluster of a kubeconfig's current context."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        contexts, current = config.list_kube_config_contexts(str(kubeconfig))
        del contexts
        self.context: str = current["name"]
        settings = client.Configuration()
        config.load_kube_config(str(kubeconfig), client_configuration=settings)
        self._api = _ImpatientClient(settings)
        self.server: str = self._api.configuration.host

    @cached_property
    def core(self) -> Any:
        """Return the API of pods, namespaces, volumes and Secrets."""
        return client.CoreV1Api(self._api)

    @cached_property
    def dynamic(self) -> DynamicClient:
        """Return the API of objects of every kind."""
        return DynamicClient(self._api)

    def namespace(self, name: str, labels: Mapping[str, str] | None = None) -> None:
        """Create a namespace unless it exists, and wait until pods can be created in it."""
        try:
            self.core.create_namespace({"metadata": {"name": name, "labels": dict(labels or {})}})
        except ApiException as error:
            if error.reason != "Conflict":
                raise
        accounts = self.core.list_namespaced_service_account
        self.until(lambda: bool(accounts(name).items), f"the namespace {name} has a service account", seconds=60)

    def remove_namespace(self, name: str) -> None:
        """Delete a namespace with all its objects, and wait until it is gone; its pods are killed."""
        try:
            self.core.delete_collection_namespaced_pod(name, grace_period_seconds=0)
            self.core.delete_namespace(name)
        except ApiException as error:
            if error.reason != "Not Found":
                raise
        self.until(lambda: name not in self.namespaces(), f"the namespace {name} is gone", seconds=180)

    def namespaces(self) -> list[str]:
        """Return the names of all namespaces."""
        return [each.metadata.name for each in self.core.list_namespace().items]

    def pods(self, namespace: str, selector: str = "") -> list[Pod]:
        """Return the pods, sorted by name."""
        items = self.core.list_namespaced_pod(namespace, label_selector=selector).items
        return sorted(map(_pod, items), key=lambda pod: pod.name)

    def claims(self, namespace: str) -> dict[str, str]:
        """Return the uids of the PersistentVolumeClaims, by name."""
        items = self.core.list_namespaced_persistent_volume_claim(namespace).items
        return {each.metadata.name: each.metadata.uid for each in items}

    def kill(self, namespace: str, pod: str) -> None:
        """Delete a pod without a grace period, as if its node were lost."""
        self.core.delete_namespaced_pod(pod, namespace, grace_period_seconds=0)

    def until(self, true: Callable[[], bool], what: str, *, seconds: float) -> float:
        """Wait until `true` holds; return the seconds it took. Raises TimeoutError that names `what`."""
        started = time.monotonic()
        while not true():
            if time.monotonic() - started > seconds:
                raise TimeoutError(f"not within {seconds:.0f} s: {what}")
            time.sleep(_POLL_SECONDS)
        return time.monotonic() - started

    def settle(self, namespace: str, *, seconds: float = 420) -> float:
        """Wait until every workload has rolled out and every pod is ready; return the seconds it took.

        Raises TimeoutError with each late workload and pod, its last event and the end of its log.
        """
        try:
            return self.until(lambda: not self._late(namespace), "every pod ready", seconds=seconds)
        except TimeoutError as error:
            late = [f"{name}: {self._last_event(namespace, name)}" for name in self._late(namespace)]
            raise TimeoutError("\n".join([str(error), *late, *self._last_words(namespace)])) from None

    def get(self, namespace: str, service: str, path: str, **query: object) -> str:
        """Return a service's answer, through the API server; raises ApiException if it has none."""
        answer = self._api.call_api(
            f"/api/v1/namespaces/{namespace}/services/{service}/proxy/{path}",
            "GET",
            query_params=[(key, str(value)) for key, value in query.items()],
            auth_settings=["BearerToken"],
            _preload_content=False,
        )
        text: str = answer.data.decode()
        return text

    @contextmanager
    def asking(self, namespace: str, service: str) -> Iterator["Availability"]:
        """Ask a service for / each 200 ms meanwhile, through the API server."""
        asked, over = Availability(), threading.Event()

        def ask() -> None:
            api = config.new_client_from_config(str(self.kubeconfig))
            while not over.wait(_ASKED_EACH_SECONDS):
                with suppress(ApiException, HTTPError):
                    api.call_api(
                        f"/api/v1/namespaces/{namespace}/services/{service}/proxy/",
                        "GET",
                        auth_settings=["BearerToken"],
                        _preload_content=False,
                        _request_timeout=_ANSWERED_WITHIN_SECONDS,
                    )
                    asked.answers.append(time.monotonic())

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        try:
            yield asked
        finally:
            over.set()
            thread.join()
            asked.answers.append(time.monotonic())

    def push(self, namespace: str, labels: Mapping[str, str], lines: Sequence[str]) -> None:
        """Send lines with the current time to Loki through the gateway."""
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
        """Return the API server's warnings about an object, or its reason to refuse it; the object is not applied."""
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
        """Return Loki's answer to a LogQL query through the gateway: streams with labels and entries."""
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
        streams: list[dict[str, Any]] = answer["data"]["result"]
        return streams

    def lines(self, namespace: str, query: str, **options: Any) -> list[tuple[str, str]]:
        """Return the entries of every stream: time and line."""
        return [tuple(value) for stream in self.streams(namespace, query, **options) for value in stream["values"]]

    def events(self, namespace: str, *, more_than: int = 0) -> list[tuple[str, str]]:
        """Return Kubernetes' events when more than so many are in Loki; raises TimeoutError.

        Their collector starts before Loki is ready, and its pauses between tries grow with the time it has tried.
        """
        query = '{job=~".*events.*"}'
        found = "Kubernetes' events in Loki"
        self.until(lambda: len(self.lines(namespace, query)) > more_than, found, seconds=_PATIENCE_SECONDS)
        return self.lines(namespace, query)

    def canary(self, namespace: str, *, more: int = 0) -> CanaryCount:
        """Count the canary's lines after it has written `more` of them."""
        enough = len(self._written(namespace)) + more
        self.until(lambda: len(self._written(namespace)) >= enough, f"{more} canary lines", seconds=2 * more + 60)
        written = self._written(namespace)
        missing = set(written)

        def all_arrived() -> bool:
            query = f'{{namespace="{namespace}", pod="{self._canary_pod(namespace)}"}}'
            missing.difference_update(line for _, line in self.lines(namespace, query))
            return not missing

        with suppress(TimeoutError):
            self.until(all_arrived, "every line of the canary in Loki", seconds=_PATIENCE_SECONDS)
        counters = parse_metrics(self.get(namespace, CANARY, "metrics"))
        return CanaryCount(
            written=len(written),
            missing=len(missing),
            reported=int(counters.total("loki_canary_missing_entries_total")),
            duplicates=int(counters.total("loki_canary_duplicate_entries_total")),
        )

    def _written(self, namespace: str) -> set[str]:
        log = self._log(namespace, self._canary_pod(namespace))
        return {line for line in log.splitlines() if _CANARY_LINE.fullmatch(line)}

    def _log(self, namespace: str, pod: str, **options: Any) -> str:
        # The client itself would return the Python notation of the log's bytes.
        answer = self.core.read_namespaced_pod_log(pod, namespace, _preload_content=False, **options)
        text: str = answer.data.decode()
        return text

    def _canary_pod(self, namespace: str) -> str:
        (pod,) = self.pods(namespace, "app.kubernetes.io/name=loki-canary")
        return pod.name

    def _late(self, namespace: str) -> list[str]:
        """Return the workloads that have not rolled out, and the pods that are not ready."""
        apps = client.AppsV1Api(self._api)
        workloads: Sequence[Any] = [
            *apps.list_namespaced_deployment(namespace).items,
            *apps.list_namespaced_stateful_set(namespace).items,
            *apps.list_namespaced_daemon_set(namespace).items,
        ]
        late = [each.metadata.name for each in workloads if not _rolled_out(each)]
        return late + [pod.name for pod in self.pods(namespace) if not pod.ready or pod.ending]

    def _last_event(self, namespace: str, name: str) -> str:
        events = self.core.list_namespaced_event(namespace, field_selector=f"involvedObject.name={name}").items
        last = max(events, key=lambda each: str(each.last_timestamp or each.event_time), default=None)
        return f"{last.reason}: {last.message}" if last else "no event"

    def _last_words(self, namespace: str) -> Iterator[str]:
        """Yield the last lines of the log of each container that is not ready."""
        for pod in self.core.list_namespaced_pod(namespace).items:
            for container in [each.name for each in pod.status.container_statuses or [] if not each.ready]:
                container_name = f"{pod.metadata.name}/{container}"
                try:
                    log = self._log(namespace, pod.metadata.name, container=container, tail_lines=5)
                except ApiException as error:
                    log = json.loads(error.body)["message"]
                yield from (f"{container_name}: {line}" for line in log.splitlines())


def _pod(item: Any) -> Pod:
    statuses = item.status.container_statuses or []
    return Pod(
        name=item.metadata.name,
        uid=item.metadata.uid,
        labels=item.metadata.labels or {},
        ready=bool(statuses) and all(each.ready for each in statuses),
        restarts=sum(each.restart_count for each in statuses),
        owned=bool(item.metadata.owner_references),
        ending=item.metadata.deletion_timestamp is not None,
    )


def _rolled_out(workload: Any) -> bool:
    """Return whether a workload has rolled out, as `kubectl rollout status` decides it."""
    status, spec = workload.status, workload.spec
    if (status.observed_generation or 0) < workload.metadata.generation:
        return False
    if hasattr(status, "desired_number_scheduled"):
        desired = status.desired_number_scheduled
        return bool((status.updated_number_scheduled or 0) == desired == (status.number_ready or 0))
    return bool((status.updated_replicas or 0) == spec.replicas == (status.ready_replicas or 0))

"""Whether the API server answers and takes the kubeconfig's credentials, asked before anything is registered."""

import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from logstack.preflight.kubeconfig import unusable
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.problems import Problem, StackProblems

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_PATIENCE_SECONDS = 5

# The charts' own minimum (Chart.yaml, kubeVersion).
_OLDEST = (1, 25)


class NoAnswer(Enum):
    """Why there is no answer."""

    MISSING = auto()
    """404: there is no such object, or no such kind."""
    NOT_ALLOWED = auto()
    """403: the user may not ask."""


Answer: TypeAlias = "Mapping[str, Any] | NoAnswer"
Get = Callable[[str, str], Answer]
"""Asks the API server for a path, with the media type that the answer should have."""


@dataclass(frozen=True)
class ApiServer:
    """An API server that takes the context's credentials."""

    version: tuple[int, int]
    get: Get


_REVIEWS = "authorization.k8s.io/v1"
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_INSTEAD = "without a cluster: `make plan` and `logstack diff` show offline what would be deployed"


def refuse_old_cluster(cluster: ClusterSettings, version: tuple[int, int]) -> None:
    """Raises StackProblems for a Kubernetes that the charts do not support."""
    if version < _OLDEST:
        version_text, oldest = (".".join(map(str, each)) for each in (version, _OLDEST))
        what = (
            f"the API server of context {cluster.context!r} is Kubernetes {version_text}, but the charts need {oldest}"
        )
        raise _stop("kubernetes-too-old", what, f"update the cluster to Kubernetes {oldest} or newer")


def connect(cluster: ClusterSettings, files: Sequence[Path]) -> ApiServer:
    """Return the API server of the context and its version, after it has accepted the credentials.

    Raises StackProblems if it does not answer, is not trusted, is not Kubernetes, or refuses the credentials.
    """
    api = _client(cluster, files)
    with _explained(cluster, api):
        # Every role that people have lets them ask what they may do; without credentials nobody may.
        question = {"resourceAttributes": {"verb": "get", "resource": "configmaps"}}
        review = {"apiVersion": _REVIEWS, "kind": "SelfSubjectAccessReview", "spec": question}
        _ask(api, "POST", f"/apis/{_REVIEWS}/selfsubjectaccessreviews", body=review)
        version = _ask(api, "GET", "/version")
        numbers = int(version["major"]), int(re.sub(r"\D.*", "", version["minor"]))
    return ApiServer(numbers, partial(_get, cluster, api))


def _get(cluster: ClusterSettings, api: "ApiClient", path: str, accept: str) -> Answer:
    """Raises StackProblems where the server does not answer, or answers with any error but 403 and 404."""
    from kubernetes.client.exceptions import ApiException  # noqa: PLC0415

    with _explained(cluster, api):
        try:
            return _ask(api, "GET", path, accept=accept)
        except ApiException as error:
            match error.status:
                case HTTPStatus.NOT_FOUND:
                    return NoAnswer.MISSING
                case HTTPStatus.FORBIDDEN:
                    return NoAnswer.NOT_ALLOWED
            raise


@contextmanager
def _explained(cluster: ClusterSettings, api: "ApiClient") -> Iterator[None]:
    """Raise what goes wrong with a request as StackProblems."""
    from kubernetes.client.exceptions import ApiException  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    who = f"context {cluster.context!r}"
    server: str = api.configuration.host
    try:
        yield
    except ApiException as error:
        if error.status in (_UNAUTHORIZED, _FORBIDDEN):
            what = f"{server} refuses the credentials of {who} ({error.status} {error.reason})"
            raise _stop("credentials-refused", what, _log_in(cluster)) from None
        if not error.status:  # the client's word for a TLS connection that did not come about
            what = f"{who} does not trust {server}: {str(error.reason).splitlines()[-1]}"
            raise _stop("certificate-not-trusted", what, "get a new kubeconfig from where it came") from None
        what = f"{server} answers {error.status} {error.reason}"
        raise _stop("cluster-unreachable", what, f"check the API server; {_INSTEAD}") from None
    except HTTPError as error:
        what = f"{server} of {who} does not answer: {_reason(error)}"
        fix = f"reach its network (VPN, tunnel, a stopped cluster), or correct the context; {_INSTEAD}"
        raise _stop("cluster-unreachable", what, fix) from None
    except (ValueError, KeyError, TypeError):
        what = f"{server} of {who} answers, but not as Kubernetes does"
        fix = f"check what answers there (a proxy, a login page), or correct the context; {_INSTEAD}"
        raise _stop("cluster-unreachable", what, fix) from None


def _client(cluster: ClusterSettings, files: Sequence[Path]) -> "ApiClient":
    """Return a client with the context's credentials; runs the context's log-in command.

    Raises StackProblems if the command fails, or if the context has no usable credentials.
    """
    from kubernetes import config  # noqa: PLC0415 - a third of a second, for the running program alone

    who = f"context {cluster.context!r}"
    # kubectl passes over an empty file, and the client does not.
    filled = [str(file) for file in files if file.is_file() and file.stat().st_size]
    try:
        with _logged() as words:
            api = config.new_client_from_config(os.pathsep.join(filled), context=cluster.context)
    except (config.ConfigException, OSError, ValueError) as error:
        raise unusable(f"{who} cannot be used: {_redacted(str(error))}") from None
    if words:
        what = f"the login command of {who} failed: {_redacted(' '.join(words))}"
        raise _stop("log-in-failed", what, f"install the command if it is missing; {_log_in(cluster)}")
    return api


def _redacted(words: str) -> str:
    """Return the text in one line, without the kubeconfig entries that the client quotes: they have tokens."""
    return re.sub(r"\{.*\}", "{...}", " ".join(words.split()))


class _Recorder(logging.Handler):
    """Record log messages."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """As logging calls it."""
        self.words.append(record.getMessage())


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Record errors that are logged meanwhile, instead of showing them: the client only logs a failed login."""
    root, recorder = logging.getLogger(), _Recorder()
    before, root.handlers = root.handlers, [recorder]
    try:
        yield recorder.words
    finally:
        root.handlers = before


def _ask(
    api: "ApiClient", method: str, path: str, *, body: object = None, accept: str = "application/json"
) -> dict[str, Any]:
    """One request, without the client's own tries."""
    headers = {"Content-Type": "application/json", "Accept": accept}
    api.update_params_for_auth(headers, [], ["BearerToken"])
    api.rest_client.pool_manager.connection_pool_kw["retries"] = False
    url = f"{api.configuration.host}{path}"
    answer = api.rest_client.request(method, url, headers=headers, body=body, _request_timeout=_PATIENCE_SECONDS)
    document: dict[str, Any] = json.loads(answer.data)
    return document


def _reason(error: Exception) -> str:
    """The end of the chain of causes, without the objects that it names."""
    while isinstance(reason := getattr(error, "reason", None), Exception):
        error = reason
    return re.sub(r"^.*?object at 0x[0-9a-f]+>:? ?|^[\w.]+\(.*?\): ", "", str(error)).strip()


def _log_in(cluster: ClusterSettings) -> str:
    return f"log in again, until `kubectl --context {cluster.context} auth whoami` answers"


def _stop(name: str, what: str, fix: str) -> StackProblems:
    consequence = "preview and update need the API server; nothing was registered"
    return StackProblems([Problem(name, "logstack:cluster.context", what, consequence, fix)])

"""Whether the API server answers and takes the kubeconfig's credentials, asked before anything is registered."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from components.cluster.kubeconfig import kubeconfig_files, refuse_wrong_cluster
from settings.cluster import ClusterSettings
from settings.load import problems_stop_the_program
from settings.problems import Problem, StackProblems

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_PATIENCE_SECONDS = 5

# The charts' own minimum (Chart.yaml, kubeVersion).
_OLDEST = (1, 25)

_REVIEWS = "authorization.k8s.io/v1"
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_INSTEAD = "without a cluster: `make plan` and `logstack diff` say offline what would be deployed"


def stop_without_cluster(cluster: ClusterSettings) -> None:
    """Ends the program when the context is unknown, points elsewhere, or leads to no API server that answers."""
    with problems_stop_the_program():
        files = kubeconfig_files()
        refuse_wrong_cluster(cluster, files)
        refuse_old_cluster(cluster, server_version(cluster, files))


def refuse_old_cluster(cluster: ClusterSettings, version: tuple[int, int]) -> None:
    """Raises StackProblems for a Kubernetes that the charts do not support."""
    if version < _OLDEST:
        found, oldest = (".".join(map(str, each)) for each in (version, _OLDEST))
        what = f"the API server of context {cluster.context!r} is Kubernetes {found}, and the charts need {oldest}"
        raise _stop("kubernetes-too-old", what, f"update the cluster to Kubernetes {oldest} or newer")


def server_version(cluster: ClusterSettings, files: Sequence[Path]) -> tuple[int, int]:
    """The API server's version, once it has taken the credentials: what anybody with credentials may ask.

    Raises StackProblems where it does not answer, is not trusted, or takes no credentials.
    """
    from kubernetes import config  # noqa: PLC0415 - a third of a second, for the running program alone
    from kubernetes.client.exceptions import ApiException  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    who = f"context {cluster.context!r}"
    log_in = f"log in again, until `kubectl --context {cluster.context} auth whoami` answers"
    try:
        api = config.new_client_from_config(os.pathsep.join(map(str, files)), context=cluster.context)
        server: str = api.configuration.host
        # Every role that people have lets them ask what they may do; without credentials nobody may.
        question = {"resourceAttributes": {"verb": "get", "resource": "configmaps"}}
        review = {"apiVersion": _REVIEWS, "kind": "SelfSubjectAccessReview", "spec": question}
        _ask(api, "POST", f"/apis/{_REVIEWS}/selfsubjectaccessreviews", review)
        version = _ask(api, "GET", "/version")
    except (config.ConfigException, OSError) as error:
        fix = f"correct the kubeconfig; {log_in}"
        raise _stop("kubeconfig-unusable", f"{who} cannot be used: {error}", fix) from None
    except ApiException as error:
        if error.status in (_UNAUTHORIZED, _FORBIDDEN):
            what = f"{server} does not take the credentials of {who} ({error.status} {error.reason})"
            raise _stop("credentials-refused", what, log_in) from None
        if not error.status:  # the client's word for a TLS connection that did not come about
            what = f"{who} does not trust {server}: {str(error.reason).splitlines()[-1]}"
            raise _stop("certificate-not-trusted", what, "take the kubeconfig anew from where it came") from None
        what = f"{server} answers {error.status} {error.reason}"
        raise _stop("cluster-unreachable", what, f"see whether the API server is well; {_INSTEAD}") from None
    except HTTPError as error:
        what = f"{server} of {who} does not answer: {_reason(error)}"
        fix = f"reach its network (VPN, tunnel, a stopped cluster), or correct the context; {_INSTEAD}"
        raise _stop("cluster-unreachable", what, fix) from None
    return int(version["major"]), int(re.sub(r"\D.*", "", version["minor"]))


def _ask(api: "ApiClient", method: str, path: str, body: object = None) -> dict[str, str]:
    """One request, without the client's own tries."""
    headers = {"Content-Type": "application/json"}
    api.update_params_for_auth(headers, [], ["BearerToken"])
    api.rest_client.pool_manager.connection_pool_kw["retries"] = False
    url = f"{api.configuration.host}{path}"
    answer = api.rest_client.request(method, url, headers=headers, body=body, _request_timeout=_PATIENCE_SECONDS)
    found: dict[str, str] = json.loads(answer.data)
    return found


def _reason(error: Exception) -> str:
    """The end of the chain of causes, without the objects that it names."""
    while isinstance(reason := getattr(error, "reason", None), Exception):
        error = reason
    return re.sub(r"^.*?object at 0x[0-9a-f]+>:? ?|^[\w.]+\(.*?\): ", "", str(error)).strip()


def _stop(name: str, what: str, fix: str) -> StackProblems:
    consequence = "a preview and an update ask the API server for everything; nothing was registered"
    return StackProblems([Problem(name, "logstack:cluster.context", what, consequence, fix)])

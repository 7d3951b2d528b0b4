"""Which API server a kubeconfig context points at, found without asking any server."""

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from settings.cluster import ClusterSettings
from settings.problems import Problem, StackProblems


def kubeconfig_files(environment: Mapping[str, str] = os.environ) -> list[Path]:
    """The files that kubectl and Pulumi's provider read: $KUBECONFIG, else ~/.kube/config."""
    paths = environment.get("KUBECONFIG", "")
    return [Path(path) for path in paths.split(os.pathsep) if path] or [Path.home() / ".kube" / "config"]


def _entries(files: list[Path], section: str, inner: str) -> dict[str, dict[str, str]]:
    """Entries of a section by name; the first file that names one wins, as kubectl merges them."""
    found: dict[str, dict[str, str]] = {}
    for file in files:
        document = yaml.safe_load(file.read_text()) if file.is_file() else None
        for entry in (document or {}).get(section) or []:
            found.setdefault(entry["name"], entry.get(inner) or {})
    return found


def refuse_wrong_cluster(cluster: ClusterSettings, files: list[Path]) -> None:
    """Raises StackProblems when the context is not there or points at another API server."""
    if problem := _problem(cluster, files):
        raise StackProblems([problem])


def _problem(cluster: ClusterSettings, files: list[Path]) -> Problem | None:
    contexts = _entries(files, "contexts", "context")
    read = ", ".join(f"{file}" if file.is_file() else f"{file}, which is not there" for file in files)
    if cluster.context not in contexts:
        known = ", ".join(sorted(contexts)) or "none"
        return Problem(
            name="unknown-context",
            path="logstack:cluster.context",
            what=f"no kubeconfig context is called {cluster.context!r} (read: {read}; contexts there: {known})",
            consequence="no cluster can be reached; nothing was registered",
            fix="set KUBECONFIG to the file that has the context, or name another context; without a cluster: "
            "`make plan` and `logstack diff` say offline what would be deployed",
        )
    server = _entries(files, "clusters", "cluster").get(contexts[cluster.context].get("cluster", ""), {}).get("server")
    if cluster.api_server and (server or "").rstrip("/") != cluster.api_server.rstrip("/"):
        return Problem(
            name="wrong-api-server",
            path="logstack:cluster.apiServer",
            what=f"context {cluster.context!r} points at {server}, but this stack belongs to {cluster.api_server}",
            consequence="the stack would be deployed to another cluster; nothing was registered",
            fix=f"correct the context in {read}, or apiServer in the stack file if the cluster has moved",
        )
    return None

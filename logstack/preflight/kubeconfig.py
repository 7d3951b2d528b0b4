"""The API server of a kubeconfig context, read without any request."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.problems import Problem, StackProblems

_SECTIONS = {"clusters": "cluster", "contexts": "context", "users": "user"}


def kubeconfig_files(environment: Mapping[str, str] = os.environ) -> list[Path]:
    """The files that kubectl and Pulumi's provider read: $KUBECONFIG, else ~/.kube/config."""
    paths = environment.get("KUBECONFIG", "")
    return [Path(path) for path in paths.split(os.pathsep) if path] or [Path.home() / ".kube" / "config"]


def _entries(files: list[Path], section: str) -> dict[str, dict[str, str]]:
    """Entries of a section by name; the first file that names one wins, as kubectl merges them."""
    entries: dict[str, dict[str, str]] = {}
    for file in files:
        for entry in _document(file).get(section) or []:
            entries.setdefault(entry["name"], entry.get(_SECTIONS[section]) or {})
    return entries


def _document(file: Path) -> dict[str, Any]:
    """Return a file's content; empty without a file.

    Raises StackProblems if it is not a kubeconfig. The message does not quote the file, which has tokens.
    """
    try:
        document = yaml.safe_load(file.read_text()) if file.is_file() else None
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise unusable(f"{file} is not YAML{line}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise unusable(f"{file} cannot be read ({type(error).__name__})") from None
    kubeconfig = {} if document is None else document
    if not isinstance(kubeconfig, dict):
        raise unusable(f"{file} is not a kubeconfig")
    for section, inner in _SECTIONS.items():
        entries = kubeconfig.get(section) or []
        if not isinstance(entries, list) or not all(_named(entry, inner) for entry in entries):
            raise unusable(f"{file}: `{section}` is not a list of entries with `name` and `{inner}`")
    return kubeconfig


def _named(entry: object, inner: str) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get(inner) or {}, dict)


def unusable(what: str) -> StackProblems:
    """Return the problem of a kubeconfig that exists and is not valid."""
    consequence = "no cluster can be reached; nothing was registered"
    fix = "correct the kubeconfig, or get it again from where it came: `kubectl config view` must read it"
    return StackProblems([Problem("kubeconfig-unusable", "logstack:cluster.context", what, consequence, fix)])


def refuse_wrong_cluster(cluster: ClusterSettings, files: list[Path]) -> None:
    """Raises StackProblems when the context is not there, points at another API server, or cannot be read."""
    if problem := _problem(cluster, files):
        raise StackProblems([problem])


def _problem(cluster: ClusterSettings, files: list[Path]) -> Problem | None:
    contexts = _entries(files, "contexts")
    read = ", ".join(f"{file}" if file.is_file() else f"{file}, which does not exist" for file in files)
    if cluster.context not in contexts:
        names = ", ".join(sorted(contexts)) or "none"
        return Problem(
            name="unknown-context",
            path="logstack:cluster.context",
            what=f"unknown kubeconfig context {cluster.context!r} (read: {read}; contexts there: {names})",
            consequence="no cluster can be reached; nothing was registered",
            fix="set KUBECONFIG to the file that has the context, or name another context; without a cluster: "
            "`make plan` and `logstack diff` show offline what would be deployed",
        )
    server = _entries(files, "clusters").get(contexts[cluster.context].get("cluster", ""), {}).get("server")
    if cluster.api_server and (server or "").rstrip("/") != cluster.api_server.rstrip("/"):
        return Problem(
            name="wrong-api-server",
            path="logstack:cluster.apiServer",
            what=f"context {cluster.context!r} points at {server}, but this stack belongs to {cluster.api_server}",
            consequence="the stack would be deployed to another cluster; nothing was registered",
            fix=f"correct the context in {read}, or apiServer in the stack file if the cluster has moved",
        )
    return None

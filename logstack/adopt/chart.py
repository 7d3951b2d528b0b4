"""The Loki chart from version to version: changed defaults and dropped keys.

Sources: the charts' own values files of 6.30.1, 6.49.0, 6.55.0 and 18.11.0, and the community chart's upgrade notes.
"""

import re
from dataclasses import dataclass

from logstack.adopt.errors import RefusedError, UnreadableError
from logstack.adopt.paths import Path, path_of
from logstack.manifests.loki.chart import DEFAULTS, MODES
from logstack.settings import pins
from logstack.settings.model.charts import is_grafanas

Version = tuple[int, int, int]
NEWEST = 18
LAST_OF_GRAFANAS: Version = (6, 55, 0)
_OTHERS = {
    "loki-canary": "it does not install Loki",
    "promtail": "it does not install Loki",
    "enterprise-logs": "it is the Enterprise product",
}


# Defaults that differ before a version; those of the pinned version are chart.DEFAULTS.
_EARLIER: dict[str, tuple[object, Version]] = {"deploymentMode": (MODES["simple-scalable"], (12, 0, 0))}


@dataclass(frozen=True)
class Gone:
    """A key that the chart dropped."""

    since: Version
    instead: str
    """Its replacement, or the reason."""


# `*` stands for one key.
GONE: dict[str, Gone] = {
    "rbac.pspEnabled": Gone((7, 0, 0), "Kubernetes has no PodSecurityPolicies since 1.25"),
    "rbac.pspAnnotations": Gone((7, 0, 0), "Kubernetes has no PodSecurityPolicies since 1.25"),
    "enterprise": Gone((8, 0, 0), "the open-source chart has no Enterprise product"),
    "enterpriseGateway": Gone((8, 0, 0), "the open-source chart has no Enterprise product"),
    "adminApi": Gone((8, 0, 0), "the open-source chart has no Enterprise product"),
    "monitoring.selfMonitoring": Gone((9, 0, 0), "a separate collector reads Loki's lines, as logstack's does"),
    "monitoring.serviceMonitor.metricsInstance": Gone((9, 0, 0), "the Grafana Agent operator is discontinued"),
    "indexGateway.persistence.inMemory": Gone((10, 0, 0), "indexGateway.persistence.dataVolumeParameters"),
    "read.legacyReadTarget": Gone((11, 0, 0), "readers are a Deployment, as logstack's are"),
    "read.persistence": Gone((11, 0, 0), "readers store nothing"),
    "read.podManagementPolicy": Gone((11, 0, 0), "readers are a Deployment"),
    "*.persistence.ephemeralDataVolume": Gone((13, 0, 0), "persistence.type: ephemeral"),
    "networkPolicy.flavor": Gone((15, 0, 0), "only Kubernetes NetworkPolicies"),
    "networkPolicy.egressWorld": Gone((15, 0, 0), "only Kubernetes NetworkPolicies"),
    "networkPolicy.egressKubeApiserver": Gone((15, 0, 0), "only Kubernetes NetworkPolicies"),
    "clusterLabelOverride": Gone((18, 0, 0), "monitoring.appInstanceLabelValue"),
    "ingester.updateStrategy": Gone((18, 0, 0), "ingester.strategy"),
    "indexGateway.updateStrategy": Gone((18, 0, 0), "indexGateway.strategy"),
    "write.targetModule": Gone((18, 0, 0), "the mode decides"),
    "read.targetModule": Gone((18, 0, 0), "the mode decides"),
    "backend.targetModule": Gone((18, 0, 0), "the mode decides"),
    "singleBinary.persistence.enableStatefulSetRecreationForSizeChange": Gone(
        (18, 0, 0), "singleBinary.statefulSetRecreateJob.enabled"
    ),
    "loki.commonConfig.compactor_address": Gone((6, 35, 0), "loki.commonConfig.compactor_grpc_address"),
    "loki.memcached": Gone((6, 31, 0), "chunksCache and resultsCache"),
    "kubectlImage": Gone((6, 36, 0), "its job of the Enterprise product was removed"),
    "enterprise.tokengen": Gone((6, 36, 0), "the Enterprise product is another chart"),
    "querier.persistence": Gone((6, 49, 0), "queriers store nothing"),
}


def default(path: Path, version: Version) -> object:
    """The default at a path in a version; None where nothing depends on it."""
    key = ".".join(path)
    earlier, until = _EARLIER.get(key, (None, (0, 0, 0)))
    return earlier if version < until else DEFAULTS.get(key)


def gone(path: Path, version: Version) -> Gone | None:
    """Return why a version of the chart does not read a key; None if it does, or never did."""
    for pattern, each in GONE.items():
        keys = path_of(pattern)
        if len(keys) <= len(path) and all(key in ("*", at) for key, at in zip(keys, path, strict=False)):
            return each if each.since <= version else None
    return None


def parse_version(text: str) -> Version:
    """The version, or the lowest of a range such as 6.29.x; raises UnreadableError."""
    match = re.match(r"[~^>=v\s]*(\d+)(?:\.(\d+))?(?:\.(\d+))?", text)
    if not match:
        raise UnreadableError(
            f'"{text}" is not a chart version: pass the installed one (helm list shows it), '
            "such as --chart-version 6.49.0"
        )
    major, minor, patch = (int(part or 0) for part in match.groups())
    return major, minor, patch


def is_exact(text: str) -> bool:
    """Whether the version is one, and no range."""
    return re.fullmatch(r"v?\d+\.\d+\.\d+(?:[-+].*)?", text.strip()) is not None


def refuse_foreign(chart: str | None, version: Version) -> None:
    """Raises RefusedError for a chart that is not the open-source Loki chart of a version that is known."""
    if chart in _OTHERS:
        raise RefusedError(
            f"the chart {chart} is not the Loki chart: {_OTHERS[chart]}.\n"
            "fix: run a new stack side by side, with its own bucket (docs/how-to/run-side-by-side.md)"
        )
    if version[0] > NEWEST:
        raise RefusedError(
            f"chart version {version[0]}.x is not supported, only up to {NEWEST}.x.\nfix: pass the values of {NEWEST}.x"
        )


def values_version(version: Version, repository: str | None) -> Version:
    """Return the version of the community's chart that has the values of a release's chart.

    Grafana's own 7.x is 6.55 with other defaults for the Enterprise product, which is off (its values.yaml); the
    community's 7.x is another chart.
    """
    return LAST_OF_GRAFANAS if version > LAST_OF_GRAFANAS and is_grafanas(repository) else version


def enterprise_text(name: str) -> str:
    """Why the Enterprise product is refused, and the way out."""
    pin = pins.LOKI_CHART
    return (
        f"{name} is Grafana Enterprise Logs, but logstack runs the open-source Loki, which has no counterpart of its "
        "tokens, tenants and gateway (grafana/loki#20705).\n"
        f"fix: without a licence, move to {pin.name} {pin.version} of {pin.repository} first and adopt those values; "
        "otherwise run a new stack side by side, with its own bucket (docs/how-to/run-side-by-side.md)"
    )

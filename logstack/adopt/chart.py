"""The Loki chart from version to version: defaults that were others, and keys that have gone.

Sources: the charts' own values files of 6.30.1, 6.49.0, 6.55.0 and 18.11.0, and the community chart's upgrade notes.
"""

import re
from dataclasses import dataclass

from logstack.adopt.errors import RefusedError, UnreadableError
from logstack.adopt.paths import Path, path_of
from logstack.manifests.loki.chart import DEFAULTS, MODES
from logstack.settings import pins

Version = tuple[int, int, int]
OLDEST, NEWEST = 6, 18
FIRST_ENTERPRISE = 7
_OTHERS = {
    "loki-stack": "its Loki is configured by `loki.config` alone, and its last Loki is 2.9",
    "loki-distributed": "it is the deprecated chart of the distributed mode",
    "loki-simple-scalable": "it became the chart loki 3.0",
    "loki-canary": "it has no Loki",
    "promtail": "it has no Loki",
    "enterprise-logs": "it is the Enterprise product",
}


# Defaults that were others before a version; those of the pinned one are chart.DEFAULTS.
_EARLIER: dict[str, tuple[object, Version]] = {"deploymentMode": (MODES["simple-scalable"], (12, 0, 0))}


@dataclass(frozen=True)
class Gone:
    """A key that the chart reads no more."""

    since: Version
    instead: str
    """What became of it."""


# `*` stands for one key.
GONE: dict[str, Gone] = {
    "rbac.pspEnabled": Gone((7, 0, 0), "Kubernetes has no PodSecurityPolicies since 1.25"),
    "rbac.pspAnnotations": Gone((7, 0, 0), "Kubernetes has no PodSecurityPolicies since 1.25"),
    "enterprise": Gone((8, 0, 0), "the open-source chart has no Enterprise product"),
    "enterpriseGateway": Gone((8, 0, 0), "the open-source chart has no Enterprise product"),
    "adminApi": Gone((8, 0, 0), "the open-source chart has no Enterprise product"),
    "monitoring.selfMonitoring": Gone((9, 0, 0), "a collector of one's own reads Loki's lines, as logstack's does"),
    "monitoring.serviceMonitor.metricsInstance": Gone((9, 0, 0), "the Grafana Agent operator has ended"),
    "indexGateway.persistence.inMemory": Gone((10, 0, 0), "indexGateway.persistence.dataVolumeParameters"),
    "read.legacyReadTarget": Gone((11, 0, 0), "readers are a Deployment, as logstack's are"),
    "read.persistence": Gone((11, 0, 0), "readers keep nothing"),
    "read.podManagementPolicy": Gone((11, 0, 0), "readers are a Deployment"),
    "*.persistence.ephemeralDataVolume": Gone((13, 0, 0), "persistence.type: ephemeral"),
    "networkPolicy.flavor": Gone((15, 0, 0), "Kubernetes' own NetworkPolicy alone"),
    "networkPolicy.egressWorld": Gone((15, 0, 0), "Kubernetes' own NetworkPolicy alone"),
    "networkPolicy.egressKubeApiserver": Gone((15, 0, 0), "Kubernetes' own NetworkPolicy alone"),
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
    "kubectlImage": Gone((6, 36, 0), "its job of the Enterprise product has gone"),
    "enterprise.tokengen": Gone((6, 36, 0), "the Enterprise product is another chart"),
    "querier.persistence": Gone((6, 49, 0), "queriers keep nothing"),
}


def default(path: Path, version: Version) -> object:
    """The default at a path in a version; None where nothing depends on it."""
    key = ".".join(path)
    earlier, until = _EARLIER.get(key, (None, (0, 0, 0)))
    return earlier if version < until else DEFAULTS.get(key)


def gone(path: Path, version: Version) -> Gone | None:
    """What is said of a key that this version reads no more; None if it does, or never did."""
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
            f"{text!r} names no version of the chart: say which is installed (helm list shows it), "
            "such as --chart-version 6.49.0"
        )
    major, minor, patch = (int(part or 0) for part in match.groups())
    return major, minor, patch


def is_exact(text: str) -> bool:
    """Whether the version is one, and no range."""
    return re.fullmatch(r"v?\d+\.\d+\.\d+(?:[-+].*)?", text.strip()) is not None


def refuse_foreign(chart: str | None, repository: str | None, version: Version) -> None:
    """Raises RefusedError for a chart that is not the open-source Loki chart of a version that is known."""
    if chart in _OTHERS:
        raise RefusedError(
            f"the chart {chart} is not the Loki chart: {_OTHERS[chart]}.\n"
            "Way out: begin a stack beside it, with a bucket of its own (docs/how-to/run-side-by-side.md)"
        )
    if version[0] >= FIRST_ENTERPRISE and is_grafanas(repository):
        raise RefusedError(enterprise_text(f"chart {version[0]}.{version[1]}.{version[2]} of Grafana's own repository"))
    if not OLDEST <= version[0] <= NEWEST:
        way = (
            "move the release to 6.x first, by the chart's own notes"
            if version[0] < OLDEST
            else f"read it with the values of {NEWEST}.x"
        )
        raise RefusedError(f"chart {version[0]}.x is outside what is known, {OLDEST}.x to {NEWEST}.x.\nWay out: {way}")


def is_grafanas(repository: str | None) -> bool:
    """Whether the repository is Grafana's own, and not the community's."""
    return re.search(r"(://|/)grafana([./]|$)", (repository or "").lower()) is not None


def enterprise_text(found: str) -> str:
    """Why the Enterprise product is refused, and the way out."""
    pin = pins.LOKI_CHART
    return (
        f"{found} is Grafana Enterprise Logs, and logstack runs the open-source Loki: its tokens, tenants and gateway "
        "have no counterpart (grafana/loki#20705).\n"
        f"Way out: where no licence is in use, move to {pin.name} {pin.version} of {pin.repository} first and read "
        "those values; else begin a stack beside it, with a bucket of its own (docs/how-to/run-side-by-side.md)"
    )

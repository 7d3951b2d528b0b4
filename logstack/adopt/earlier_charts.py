"""Charts of Loki 2 and a bare loki.yaml, as values of the chart loki: they run side by side, with a store of their own.

Sources: the values files of loki-stack 2.10 (with its part loki 2.16), loki-distributed 0.80, loki-simple-scalable 1.8
and loki 5.47.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from logstack.adopt.documents import Release
from logstack.adopt.paths import Path, at, path_of, put, spelled_path
from logstack.adopt.reading import Entry, Verdict
from logstack.manifests.merge import merged
from logstack.settings.passthrough.documents import leaves

Values = Mapping[str, object]
# The first chart of Loki 3, whose values the others become.
_LOKI_3 = "6.0.0"
_LAST_OF_LOKI_2 = 5
_LAST_PART_OF_LOKI_STACK = 2
"""The chart loki up to it is the part of loki-stack."""
_NO_CACHES: Values = {"chunksCache": {"enabled": False}, "resultsCache": {"enabled": False}}


@dataclass(frozen=True)
class _Chart:
    """A chart whose values become those of the chart loki."""

    name: str
    renames: Mapping[str, str]
    """Its keys, with all below them, and those of the chart loki; a longer key applies before a shorter one."""
    dropped: Mapping[str, str]
    """Keys that have no counterpart, and why nothing is lost."""
    defaults: Callable[[Values], Values]
    """What the chart does where the values say nothing, in the words of the chart loki."""


def _single_binary(values: Values) -> Values:
    config = at(values, path_of("loki.config"))
    return {
        "deploymentMode": "SingleBinary",
        "singleBinary": {"replicas": 1, "persistence": {"enabled": False}},
        "loki": {
            "config": _with_one_copy(config if isinstance(config, Mapping) else {}),
            "storage": {"type": "filesystem"},
        },
        "gateway": {"enabled": False},
        **_NO_CACHES,
    }


def _with_one_copy(config: Values) -> dict[str, object]:
    """Return what Loki does by itself where a whole configuration says nothing."""
    ring = at(config, path_of("ingester.lifecycler.ring.replication_factor"))
    common = {} if ring else {"common": {"replication_factor": 1}}
    return {"auth_enabled": False, **common}


def _distributed(_values: Values) -> Values:
    roles = ("ingester", "distributor", "querier", "queryFrontend", "queryScheduler", "indexGateway", "compactor")
    return {
        "deploymentMode": "Distributed",
        **{role: {"replicas": 1} for role in roles},
        "ingester": {"replicas": 1, "zoneAwareReplication": {"enabled": False}},
        "ruler": {"enabled": False},
        "loki": {
            "auth_enabled": False,
            "commonConfig": {"replication_factor": 1},
            "storage": {"type": "filesystem"},
        },
        **_NO_CACHES,
    }


def _simple_scalable(_values: Values) -> Values:
    return {"deploymentMode": "SimpleScalable", **_NO_CACHES}


def _loki_5(values: Values) -> Values:
    """By the chart's own rule: several targets with an object store, unless the single binary has replicas."""
    kind = at(values, path_of("loki.storage.type")) or "s3"
    is_single = kind == "filesystem" or bool(at(values, path_of("singleBinary.replicas")))
    if not is_single or at(values, path_of("minio.enabled")) is True:
        return {"deploymentMode": "SimpleScalable", **_NO_CACHES}
    return {"deploymentMode": "SingleBinary", "singleBinary": {"replicas": 1}, **_NO_CACHES}


_OF_POD = (
    "resources",
    "nodeSelector",
    "tolerations",
    "affinity",
    "podAnnotations",
    "podLabels",
    "priorityClassName",
    "extraContainers",
    "initContainers",
    "extraVolumes",
    "extraVolumeMounts",
)
_LOKI_2 = "of Loki 2: logstack installs Loki 3"
_CHARTS = (
    _Chart(
        name="loki-stack",
        renames={
            "loki.config": "loki.config",
            "loki.replicas": "singleBinary.replicas",
            "loki.persistence.storageClassName": "singleBinary.persistence.storageClass",
            "loki.persistence": "singleBinary.persistence",
            "loki.env": "singleBinary.extraEnv",
            "loki.extraEnvFrom": "singleBinary.extraEnvFrom",
            "loki.ingress": "ingress",
            "loki.serviceMonitor": "monitoring.serviceMonitor",
            "loki.serviceAccount": "serviceAccount",
            "loki.image.pullSecrets": "imagePullSecrets",
            **{f"loki.{key}": f"singleBinary.{key}" for key in _OF_POD},
        },
        dropped={
            "loki.image": _LOKI_2,
            "loki.enabled": "the stack runs Loki",
            "loki.isDefault": "of Grafana's datasource: `grafana` makes one",
            "loki.url": "of Grafana's datasource: `grafana` makes one",
            "loki.datasource": "of Grafana's datasource: `grafana` makes one",
            "loki.fullnameOverride": "a new stack has names of its own",
            "loki.nameOverride": "a new stack has names of its own",
            "loki.service": "clients use the gateway",
            "loki.readinessProbe": "the chart's default probes",
            "loki.livenessProbe": "the chart's default probes",
            "loki.securityContext": "the chart's default, which meets the restricted level",
            "loki.containerSecurityContext": "the chart's default, which meets the restricted level",
            "loki.rbac": "Loki does not use the Kubernetes API",
            "promtail": "logstack's collector reads the nodes' logs; remove Promtail after the move",
            "fluent-bit": "logstack's collector reads the nodes' logs; remove it after the move",
            "filebeat": "logstack's collector reads the nodes' logs; remove it after the move",
            "logstash": "logstack's collector reads the nodes' logs; remove it after the move",
            "test_pod": "no test pod: `logstack try` and the canary test instead",
            "proxy": "of the test pod",
        },
        defaults=_single_binary,
    ),
    _Chart(
        name="loki-distributed",
        renames={
            "loki.storageConfig": "loki.storage_config",
            "memcachedChunks": "chunksCache",
            "memcachedFrontend": "resultsCache",
            "serviceMonitor": "monitoring.serviceMonitor",
            "prometheusRule": "monitoring.rules",
            "": "",
        },
        dropped={
            "loki.image": _LOKI_2,
            "memcachedIndexQueries": "Loki reads the index from its own disk",
            "memcachedIndexWrites": "Loki writes the index to its own disk",
            "ingester.kind": "a StatefulSet",
        },
        defaults=_distributed,
    ),
    _Chart(
        name="loki-simple-scalable",
        renames={"serviceMonitor": "monitoring.serviceMonitor", "prometheusRule": "monitoring.rules", "": ""},
        dropped={"loki.image": _LOKI_2},
        defaults=_simple_scalable,
    ),
    _Chart(
        name="loki",
        renames={"monitoring.lokiCanary": "lokiCanary", "": ""},
        dropped={"loki.image": _LOKI_2},
        defaults=_loki_5,
    ),
)
_UNKNOWN = "the chart has no such key, or logstack no counterpart"
_BESIDE = "a part of the chart beside Loki: keep it in a release of its own"


def of_loki_3(release: Release, version: str | None) -> Release:
    """Return a release of an earlier chart, or of none, as one of the chart loki; any other as it is."""
    if release.is_bare:
        return _of_file(release)
    chart = _chart_of(release, version)
    if chart is None:
        return release
    described = release.chart or chart.name
    if release.chart == "loki" and chart.name == "loki-stack":  # its part, installed by itself
        release = replace(release, values={"loki": release.values})
    values: dict[str, object] = {}
    moved: list[str] = []
    left: list[tuple[Path, str]] = []
    for path, value in leaves(release.values):
        if reason := _longest(chart.dropped, path):
            left.append((path, chart.dropped[reason]))
        elif (key := _longest(chart.renames, path)) is not None:
            target = (*_keys(chart.renames[key]), *path[len(_keys(key)) :])
            put(values, target, value)
            if key and chart.renames[key] != key:
                moved.append(f"{key} as {chart.renames[key]}")
        else:
            left.append((path, _BESIDE if path[0] != "loki" else _UNKNOWN))
    by_default = "it" if described == "loki" else described
    notes = [f"the chart {described} is read as the chart loki of Loki 3, with what {by_default} does by default"]
    if moved:
        notes.append(f"read: {', '.join(dict.fromkeys(moved))}")
    name = f"the chart {described}{f' {version}' if version else ''} runs Loki 2"
    return replace(
        release,
        values=merged(chart.defaults(release.values), values),
        chart="loki",
        version=_LOKI_3,
        described_chart=f"{described} {version or ''}".strip(),
        side_by_side=f"{name}; an update to Loki 3 in place is not proven",
        left=tuple(left),
        notes=(*release.notes, *notes),
    )


def _chart_of(release: Release, version: str | None) -> _Chart | None:
    """Return the chart by its name; for values alone by the version, which no two of them share."""
    digits = re.match(r"[~^>=v\s]*(\d+)", version or "")
    major = int(digits[1]) if digits else None
    name = release.chart
    if name is None and major is not None and major <= _LAST_OF_LOKI_2:
        name = {0: "loki-distributed", 1: "loki-simple-scalable", 2: "loki-stack"}.get(major, "loki")
    if name == "loki" and major is not None and major <= _LAST_PART_OF_LOKI_STACK:
        name = "loki-stack"
    is_loki_2 = name != "loki" or (major is not None and major <= _LAST_OF_LOKI_2)
    return next((chart for chart in _CHARTS if chart.name == name and is_loki_2), None)


def _of_file(release: Release) -> Release:
    config = release.values
    target = str(config.get("target") or "all")
    modes = {"read": "SimpleScalable", "write": "SimpleScalable", "backend": "SimpleScalable"}
    mode = "SingleBinary" if target == "all" else modes.get(target, "Distributed")
    own = {key: item for key, item in config.items() if key != "target"}
    values: dict[str, object] = {
        "deploymentMode": mode,
        "loki": {"config": merged(_with_one_copy(config), own)},
        "lokiCanary": {"enabled": False},
        "gateway": {"enabled": False},
        **_NO_CACHES,
    }
    if mode == "SingleBinary":
        values["singleBinary"] = {"replicas": 1}
    return replace(
        release,
        values=values,
        chart="loki",
        version=_LOKI_3,
        described_chart="no chart",
        side_by_side="it does not run from the chart loki",
        notes=(*release.notes, "a loki.yaml: pods, sizes and volumes are not in it, so those of logstack apply"),
    )


def _longest(table: Mapping[str, str], path: Path) -> str | None:
    fitting = [key for key in table if path[: len(_keys(key))] == _keys(key)]
    return max(fitting, key=lambda key: len(_keys(key)), default=None)


def _keys(key: str) -> Path:
    return path_of(key) if key else ()


def entries_of_left(release: Release) -> list[Entry]:
    """Return the entries of values that have no counterpart; one of Loki itself is left to decide."""
    entries: list[Entry] = []
    for path, text in release.left:
        name, is_lost = spelled_path(path), text == _UNKNOWN
        verdict = Verdict.NOT_TAKEN if is_lost else Verdict.TRANSLATED
        entries.append(Entry(name, verdict, text, decide=is_lost, values=(name,)))
    return entries

"""A config.alloy: which of its components and stages logstack's collector has by default, with a key, or not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from logstack.adopt.labels import relabelling
from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.paths import at
from logstack.adopt.pipeline import passed_source, stage
from logstack.adopt.reading import Entry, Reading, Verdict
from logstack.manifests.alloy.sources.catalog import LOG_SOURCES
from logstack.manifests.alloy.sources.otlp import OWN_ATTRIBUTES
from logstack.manifests.alloy.sources.record import LogSource
from logstack.settings.passthrough.alloy_text import AlloyBlock, literals

U, T, N = Verdict.UNDERSTOOD, Verdict.TRANSLATED, Verdict.NOT_TAKEN


@dataclass(frozen=True)
class _Kind:
    """How logstack treats a component or a stage."""

    verdict: Verdict
    text: str
    key: str | None = None
    decide: bool = False
    writes: object = None
    """The value for the key in the stack file."""


_HERE = "the same in logstack's collector"


def _of_source(source: LogSource) -> _Kind:
    """Return a source that one key enables."""
    (switch,), ports = source.facts.switches, source.facts.ports
    text = "".join(f"on port {port.number} of every collector" for port in ports)
    return _Kind(T if ports else U, text, f"collector.sources.{switch}", writes=True)


# The first name that is a prefix of the component's applies.
_COMPONENTS: dict[str, _Kind] = {
    **{source.component: _of_source(source) for source in LOG_SOURCES if source.component},
    "discovery.kubernetes": _Kind(U, "pods of the collector's node", "collector.sources.pods"),
    "discovery.relabel": _Kind(U, "labels of pods", "collector.indexLabels"),
    "local.file_match": _Kind(U, _HERE),
    "loki.source.kubernetes": _Kind(
        T,
        "logstack reads pods' lines from files on the node, with the label stream and without load on the API server; "
        "sources: {pods: api} reads them from the API",
        "collector.sources.pods",
    ),
    "loki.source.podlogs": _Kind(
        T, "logstack ignores PodLogs and collects every pod", "collector.namespaces", decide=True
    ),
    "loki.source": _Kind(N, "logstack's collector has no such source: run your own collector for it", decide=True),
    "loki.process": _Kind(U, _HERE),
    "loki.relabel": _Kind(T, "collector.labels and collector.indexLabels set the labels", "collector.labels"),
    "loki.secretfilter": _Kind(T, "logstack's rules redact secrets", "collector.redact"),
    "loki.write": _Kind(T, "the collector sends lines to the stack's gateway"),
    "loki.rules.kubernetes": _Kind(N, "logstack does not load rules from Kubernetes objects", decide=True),
    "logging": _Kind(T, "Alloy logs at level info"),
    "livedebugging": _Kind(T, "off"),
    "tracing": _Kind(T, "Alloy sends no spans"),
}
_OTHER = _Kind(N, "not part of log collection: run your own collector for it", decide=True)

_STAGES: dict[str, _Kind] = {
    "stage.cri": _Kind(U, _HERE),
    "stage.docker": _Kind(N, "logstack reads containerd's and CRI-O's lines, not Docker's", decide=True),
    "stage.static_labels": _Kind(N, "`cluster` is the only static label", "cluster.name", decide=True),
    "stage.drop": _Kind(N, "write it as a named rule", "collector.drop", decide=True),
    "stage.sampling": _Kind(N, "write it as a rule that keeps a share of the lines", "collector.drop", decide=True),
    "stage.limit": _Kind(N, "write it as lines per second", "collector.rateLimits", decide=True),
    "stage.multiline": _Kind(N, "write it into a parser", "collector.parsers", decide=True),
    "stage.json": _Kind(N, "write it as a parser of format json", "collector.parsers", decide=True),
    "stage.logfmt": _Kind(N, "write it as a parser of format logfmt", "collector.parsers", decide=True),
    "stage.regex": _Kind(N, "write it as a parser with a pattern", "collector.parsers", decide=True),
    "stage.metrics": _Kind(
        N, "logstack's collector makes no metrics of lines: a recording rule of Loki's ruler counts them", decide=True
    ),
    "stage.timestamp": _Kind(N, "write it into a parser", "collector.parsers", decide=True),
    "stage.replace": _Kind(N, "write it as a custom rule", "collector.redact.custom", decide=True),
    "stage.tenant": _Kind(N, "the namespace decides a line's tenant", "tenants", decide=True),
    "stage.labels": _Kind(
        N, "extracted fields become structured metadata, not labels", "collector.parsers", decide=True
    ),
    "stage.structured_metadata": _Kind(T, "labels that are not index labels become structured metadata"),
    "stage.label_drop": _Kind(T, "collector.indexLabels lists the labels to keep", "collector.indexLabels"),
    "stage.label_keep": _Kind(T, "collector.indexLabels lists the labels to keep", "collector.indexLabels"),
    "stage.match": _Kind(N, "write the selector as `match` of a parser or drop rule", "collector.parsers", decide=True),
}
_OTHER_STAGE = _Kind(N, "logstack's collector has no such stage", decide=True)
_JOB = re.compile(r'"?\bjob\b"?\s*=\s*"([^"]+)"')
_CLUSTER = re.compile(r'"?\bcluster\b"?\s*=\s*"([^"]+)"')


def collector(reading: Reading, config: LokiConfig, blocks: list[AlloyBlock]) -> None:
    """Report each component with its stages and labels; none is better than its worst part."""
    for block in blocks:
        kind = next((kind for name, kind in _COMPONENTS.items() if block.name.startswith(name)), _OTHER)
        if block.name == "loki.source.file":
            kind = _of_files(reading, blocks, block)
        elif block.name == "otelcol.receiver.otlp":
            kind = _of_otlp(reading, config, block)
        elif taken := passed_source(reading, block):
            kind = _Kind(taken.verdict, taken.text, taken.key)
        number = len(reading.entries)
        _say(reading, block.called, kind)
        _pipeline(reading, block)
        if block.name in ("discovery.relabel", "loki.relabel"):
            relabelling(reading, f"{reading.collector}: {block.called}", block)
        _job(reading, block)
        _endpoints(reading, block)
        _lower(reading, number)
    _canary(reading)


def _canary(reading: Reading) -> None:
    """Let the canary push by itself where the collector does not read its namespace."""
    namespace, names = reading.key_value("cluster.namespace"), reading.key_value("collector.namespaces")
    only, never = (at(names, (key,)) for key in ("only", "never"))
    is_read = (not isinstance(only, list) or namespace in only) and not (isinstance(never, list) and namespace in never)
    if not is_read and reading.key_value("canary.enabled") is not False:
        reading.write("canary.route", "direct")
        text = f"the collector does not read {namespace}: the canary pushes its lines itself"
        reading.missing("(the canary's lines)", text, key="canary.route")


def cluster_of(blocks: list[AlloyBlock]) -> str | None:
    """Return the label `cluster` that lines have today."""
    clusters = (
        match[1] for block in _every(blocks) for text in block.attributes.values() if (match := _CLUSTER.search(text))
    )
    return next(clusters, None)


def _every(blocks: list[AlloyBlock]) -> Iterator[AlloyBlock]:
    for block in blocks:
        yield block
        yield from _every(block.blocks)


def _say(reading: Reading, path: str, kind: _Kind) -> None:
    name = f"{reading.collector}: {path}"
    reading.entries.append(Entry(name, kind.verdict, kind.text, kind.key, kind.decide, (name,)))
    if kind.key and kind.writes is not None:
        reading.write(kind.key, kind.writes)


def _of_files(reading: Reading, blocks: list[AlloyBlock], source: AlloyBlock) -> _Kind:
    """Return pods' files as the default; write other files of the node as nodeFiles."""
    text = " ".join(
        [*source.attributes.values(), *(each for block in _every(blocks) for each in _targets(block, source))]
    )
    paths = [each for each in literals(text) if each.startswith("/var/log/") and "/pods/" not in each]
    if not paths:
        return _Kind(U, "pods' lines from files on the node", "collector.sources.pods")
    files = reading.key_value("collector.sources.nodeFiles")
    node_files = list(files) if isinstance(files, list) else []
    jobs = _JOB.findall(text)
    node_files += [
        {"path": path, "job": jobs[number] if len(jobs) == len(paths) else source.label or "node"}
        for number, path in enumerate(paths)
    ]
    reading.write("collector.sources.nodeFiles", node_files)
    if len(jobs) == len(paths):
        return _Kind(U, "with the same label job", "collector.sources.nodeFiles")
    return _Kind(T, "the component's name becomes the label job", "collector.sources.nodeFiles")


def _targets(block: AlloyBlock, source: AlloyBlock) -> Iterator[str]:
    """Yield the attributes of a component whose targets the source reads."""
    if block.label and any(block.called in text for text in source.attributes.values()):
        yield from block.attributes.values()


def _of_otlp(reading: Reading, config: LokiConfig, block: AlloyBlock) -> _Kind:
    for name in ("grpc", "http"):
        if any(inner.name == name for inner in block.blocks):
            reading.write(f"collector.sources.otlp.{name}", True)  # noqa: FBT003 - a value of the stack file
    if attributes := list(dict.fromkeys(_index_attributes(config))):
        reading.write("collector.sources.otlp.indexLabels", attributes)
    return _Kind(T, "only logs, on ports 4317 and 4318 of every collector", "collector.sources.otlp")


def _index_attributes(config: LokiConfig) -> Iterator[str]:
    """Yield the resource attributes that Loki's own OTLP endpoint makes index labels of, without the collector's own.

    The release's settings stay for what is sent to Loki directly: they are passed on.
    """
    default = config.value("distributor.otlp_config.default_resource_attributes_as_index_labels")
    groups = config.value("limits_config.otlp_config.resource_attributes.attributes_config")
    lists = [
        default,
        *(at(each, ("attributes",)) for each in _listed(groups) if at(each, ("action",)) == "index_label"),
    ]
    for name in (name for names in lists for name in _listed(names)):
        if isinstance(name, str) and name not in OWN_ATTRIBUTES.values():
            yield name


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _pipeline(reading: Reading, block: AlloyBlock) -> None:
    """Report each stage: with a key, or why there is none."""
    stages = [inner for inner in block.blocks if inner.name.startswith("stage.")]
    for number, inner in enumerate(stages):
        path = f"{block.called}/{inner.name}"
        if block.name == "loki.process" and (taken := stage(reading, inner, stages[number + 1 :])):
            _say(reading, path, _Kind(taken.verdict, taken.text, taken.key))
        else:
            _stage(reading, path, inner)
            _pipeline_within(reading, path, inner)


def _pipeline_within(reading: Reading, path: str, block: AlloyBlock) -> None:
    for inner in block.blocks:
        if inner.name.startswith("stage."):
            _stage(reading, f"{path}/{inner.name}", inner)
            _pipeline_within(reading, f"{path}/{inner.name}", inner)


def _stage(reading: Reading, path: str, block: AlloyBlock) -> None:
    kind = _STAGES.get(block.name, _OTHER_STAGE)
    if block.name == "stage.static_labels" and set(_names(block)) == {"cluster"}:
        kind = _Kind(U, "every line has this label", "cluster.name")
    _say(reading, path, kind)


def _names(stage: AlloyBlock) -> list[str]:
    """Return the labels that a stage.static_labels sets."""
    return re.findall(r'"?(\w+)"?\s*=\s*(?:"|`|\w)', stage.attributes.get("values", ""))


def _lower(reading: Reading, number: int) -> None:
    """Call a component understood only where all of its parts are."""
    entry, parts = reading.entries[number], reading.entries[number + 1 :]
    if entry.verdict is U and any(part.verdict is not U for part in parts):
        reading.entries[number] = replace(entry, verdict=T, text="in part: each of its parts is listed")


# The label job of sources that the stack names itself.
_JOBS = {"loki.source.kubernetes_events": "kubernetes-events"}


def _job(reading: Reading, block: AlloyBlock) -> None:
    """Report another label job than the stack's."""
    job = next(iter(literals(block.attributes.get("job_name", ""))), "loki.source.kubernetes_events")
    if (ours := _JOBS.get(block.name)) and job != ours:
        text = f"the stack's job is {ours}: change queries and rules by it"
        _say(reading, f"{block.called}/job_name", _Kind(T, text))


def _endpoints(reading: Reading, block: AlloyBlock) -> None:
    """Report endpoints; their addresses and passwords are neither copied nor printed."""
    if block.name != "loki.write":
        return
    for endpoint in block.all("endpoint"):
        if "tenant_id" in endpoint.attributes:
            text = "the namespace decides a line's tenant: write it in tenants"
            _say(reading, f"{block.called}/endpoint.tenant_id", _Kind(N, text, "tenants", decide=True))
        for secret in ("basic_auth", "authorization", "oauth2"):
            if any(endpoint.all(secret)):
                text = "a secret: not copied, and not needed inside the cluster"
                _say(reading, f"{block.called}/endpoint.{secret}", _Kind(T, text))
    if len(list(block.all("endpoint"))) > 1:
        text = "the collector sends lines to one endpoint: run your own collector for a second one"
        _say(reading, f"{block.called}/endpoint", _Kind(N, text, decide=True))

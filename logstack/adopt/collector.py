"""A config.alloy beside the values: what of it logstack's collector does anyway, on request, or not at all."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from logstack.adopt.alloy_text import AlloyBlock, literals
from logstack.adopt.reading import Entry, Reading, Verdict
from logstack.manifests.alloy.sources.catalog import LOG_SOURCES
from logstack.manifests.alloy.sources.record import LogSource
from logstack.settings.model.collector import KNOWN_LABELS

_FILE = "config.alloy"
U, T, N = Verdict.UNDERSTOOD, Verdict.TRANSLATED, Verdict.NOT_TAKEN


@dataclass(frozen=True)
class _Kind:
    """What becomes of a component or a stage."""

    verdict: Verdict
    text: str
    key: str | None = None
    decide: bool = False
    writes: object = None
    """What the stack file gets at the key."""


_HERE = "as logstack's collector does"


def _of_source(source: LogSource) -> _Kind:
    """Turn a source on by its one switch."""
    (switch,), ports = source.facts.switches, source.facts.ports
    text = "".join(f"on port {port.number} of every collector" for port in ports)
    return _Kind(T if ports else U, text, f"collector.sources.{switch}", writes=True)


# The first whose name is the beginning of the component's.
_COMPONENTS: dict[str, _Kind] = {
    **{source.component: _of_source(source) for source in LOG_SOURCES if source.component},
    "discovery.kubernetes": _Kind(U, "pods of the collector's node", "collector.sources.pods"),
    "discovery.relabel": _Kind(U, "labels of pods", "collector.indexLabels"),
    "local.file_match": _Kind(U, _HERE),
    "loki.source.kubernetes": _Kind(
        T,
        "pods' lines from the node's files, which have the label stream and cost the API server nothing; "
        "sources: {pods: api} is the other way",
        "collector.sources.pods",
    ),
    "loki.source.podlogs": _Kind(
        T, "PodLogs are not read: all pods are collected", "collector.namespaces", decide=True
    ),
    "loki.source": _Kind(
        N, "logstack's collector has no such source: keep a collector of your own for it", decide=True
    ),
    "loki.process": _Kind(U, _HERE),
    "loki.relabel": _Kind(N, "labels follow from collector.labels and indexLabels", "collector.labels", decide=True),
    "loki.secretfilter": _Kind(T, "secrets are redacted by rules of logstack's", "collector.redact"),
    "loki.write": _Kind(T, "lines go to the stack's own gateway"),
    "loki.rules.kubernetes": _Kind(N, "rules as objects of Kubernetes are not synchronised", decide=True),
    "logging": _Kind(T, "Alloy's own level is info"),
    "livedebugging": _Kind(T, "off"),
    "tracing": _Kind(T, "Alloy sends no spans of its own"),
}
_OTHER = _Kind(N, "no part of a collector of logs: keep a collector of your own for it", decide=True)

_STAGES: dict[str, _Kind] = {
    "stage.cri": _Kind(U, _HERE),
    "stage.docker": _Kind(N, "lines of containerd and CRI-O are read, not of Docker", decide=True),
    "stage.static_labels": _Kind(N, "no labels of one's own but the cluster's", "cluster.name", decide=True),
    "stage.drop": _Kind(N, "write it as a rule with a name", "collector.drop", decide=True),
    "stage.sampling": _Kind(N, "write it as a rule with a share to keep", "collector.drop", decide=True),
    "stage.limit": _Kind(N, "write it as lines a second", "collector.rateLimits", decide=True),
    "stage.multiline": _Kind(N, "write it into a parser", "collector.parsers", decide=True),
    "stage.json": _Kind(N, "write it as a parser of format json", "collector.parsers", decide=True),
    "stage.logfmt": _Kind(N, "write it as a parser of format logfmt", "collector.parsers", decide=True),
    "stage.regex": _Kind(N, "write it as a parser with a pattern", "collector.parsers", decide=True),
    "stage.timestamp": _Kind(N, "write it into a parser", "collector.parsers", decide=True),
    "stage.replace": _Kind(N, "write it as a rule of one's own", "collector.redact.custom", decide=True),
    "stage.tenant": _Kind(N, "tenants are chosen by namespaces", "tenants", decide=True),
    "stage.labels": _Kind(
        N, "what is extracted becomes structured metadata, and no label", "collector.parsers", decide=True
    ),
    "stage.structured_metadata": _Kind(T, "labels that are no index labels become structured metadata"),
    "stage.label_drop": _Kind(T, "collector.indexLabels names those that stay", "collector.indexLabels"),
    "stage.label_keep": _Kind(T, "collector.indexLabels names those that stay", "collector.indexLabels"),
    "stage.match": _Kind(N, "a selector is the `match` of parsers and drop rules", "collector.parsers", decide=True),
}
_OTHER_STAGE = _Kind(N, "logstack's collector has no such stage", decide=True)
_CLUSTER = re.compile(r'"?\bcluster\b"?\s*=\s*"([^"]+)"')


def collector(reading: Reading, blocks: list[AlloyBlock]) -> None:
    """Speaks of each component, and of each stage and label in it."""
    for block in blocks:
        kind = next((kind for name, kind in _COMPONENTS.items() if block.name.startswith(name)), _OTHER)
        if block.name == "loki.source.file":
            kind = _of_files(reading, blocks, block)
        elif block.name == "otelcol.receiver.otlp":
            kind = _of_otlp(reading, block)
        _say(reading, block.called, kind)
        for path, stage in _stages(block):
            _stage(reading, f"{block.called}/{path}", stage)
        _labels(reading, block)
        _endpoints(reading, block)


def cluster_of(blocks: list[AlloyBlock]) -> str | None:
    """The label `cluster` that lines get today."""
    found = (
        match[1] for block in _every(blocks) for text in block.attributes.values() if (match := _CLUSTER.search(text))
    )
    return next(found, None)


def _every(blocks: list[AlloyBlock]) -> Iterator[AlloyBlock]:
    for block in blocks:
        yield block
        yield from _every(block.blocks)


def _say(reading: Reading, path: str, kind: _Kind) -> None:
    told = f"{_FILE}: {path}"
    reading.entries.append(Entry(told, kind.verdict, kind.text, kind.key, kind.decide, (told,)))
    if kind.key and kind.writes is not None:
        reading.write(kind.key, kind.writes)


def _of_files(reading: Reading, blocks: list[AlloyBlock], source: AlloyBlock) -> _Kind:
    """Files of pods are the default; other files of the node are named."""
    text = " ".join(
        [*source.attributes.values(), *(each for block in _every(blocks) for each in _targets(block, source))]
    )
    paths = [each for each in literals(text) if each.startswith("/var/log/") and "/pods/" not in each]
    if not paths:
        return _Kind(U, "pods' lines from the node's files", "collector.sources.pods")
    files = reading.written("collector.sources.nodeFiles")
    known = list(files) if isinstance(files, list) else []
    known += [{"path": path, "job": source.label or "node"} for path in paths]
    reading.write("collector.sources.nodeFiles", known)
    return _Kind(U, "with the component's name as the label job", "collector.sources.nodeFiles")


def _targets(block: AlloyBlock, source: AlloyBlock) -> Iterator[str]:
    """What a component says whose targets the source reads."""
    if block.label and any(block.called in text for text in source.attributes.values()):
        yield from block.attributes.values()


def _of_otlp(reading: Reading, block: AlloyBlock) -> _Kind:
    for name in ("grpc", "http"):
        if any(inner.name == name for inner in block.blocks):
            reading.write(f"collector.sources.otlp.{name}", True)  # noqa: FBT003 - a value of the stack file
    return _Kind(T, "logs alone, on ports 4317 and 4318 of every collector", "collector.sources.otlp")


def _stages(block: AlloyBlock, path: str = "") -> Iterator[tuple[str, AlloyBlock]]:
    for inner in block.blocks:
        if inner.name.startswith("stage."):
            yield f"{path}{inner.name}", inner
            yield from _stages(inner, f"{path}{inner.name}/")


def _stage(reading: Reading, path: str, stage: AlloyBlock) -> None:
    kind = _STAGES.get(stage.name, _OTHER_STAGE)
    if stage.name == "stage.static_labels" and set(_names(stage)) == {"cluster"}:
        kind = _Kind(U, "every line has it", "cluster.name")
    _say(reading, path, kind)


def _names(stage: AlloyBlock) -> list[str]:
    """The labels that static labels set."""
    return re.findall(r'"?(\w+)"?\s*=\s*(?:"|`|\w)', stage.attributes.get("values", ""))


def _labels(reading: Reading, block: AlloyBlock) -> None:
    """Labels that are made of a pod's own."""
    if block.name != "discovery.relabel":
        return
    for rule in block.all("rule"):
        for label in literals(rule.attributes.get("target_label", "")):
            if label in KNOWN_LABELS or label.startswith("__"):
                continue
            kind = _Kind(
                N, f"write the label {label} with the pod's label that it is of", "collector.labels", decide=True
            )
            _say(reading, f"{block.called}/rule {label}", kind)


def _endpoints(reading: Reading, block: AlloyBlock) -> None:
    """Where lines are sent, and with whose password; neither is taken or told."""
    if block.name != "loki.write":
        return
    for endpoint in block.all("endpoint"):
        if "tenant_id" in endpoint.attributes:
            text = "lines have the tenant of their namespace: write it in tenants"
            _say(reading, f"{block.called}/endpoint.tenant_id", _Kind(N, text, "tenants", decide=True))
        for secret in ("basic_auth", "authorization", "oauth2"):
            if any(endpoint.all(secret)):
                text = "a secret: not copied, and not needed inside the cluster"
                _say(reading, f"{block.called}/endpoint.{secret}", _Kind(T, text))
    if len(list(block.all("endpoint"))) > 1:
        text = "lines go to one place: a second one needs a collector of its own"
        _say(reading, f"{block.called}/endpoint", _Kind(N, text, decide=True))

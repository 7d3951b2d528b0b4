"""Which logs the collector reads, what it does to a line, and what it drops."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from logstack.manifests.alloy.labels import metadata_labels
from logstack.manifests.alloy.sources.catalog import active_sources
from logstack.manifests.alloy.times import window
from logstack.manifests.loki.addresses import OTLP_PATH, push_address, push_url
from logstack.manifests.loki.config import stack_latest_behind
from logstack.plan.section import Section
from logstack.settings.load.loader import Stack
from logstack.settings.model.processing import Drop, RateLimit
from logstack.settings.model.quantities import kubernetes_size
from logstack.settings.model.redaction import RedactionSettings
from logstack.settings.problems import listed
from logstack.settings.tree import Settings
from logstack.text.documents import JSON_KEY
from logstack.text.words import Facts, counted, spoken_duration, spoken_share


@dataclass(frozen=True)
class NodeStreams:
    """The streams of sources whose lines have `node` as a further index label."""

    jobs: tuple[str, ...]
    per_node: int
    """The least number of streams that each node has of these sources."""
    max_streams: int
    """Loki's limit for all streams."""


_NOT_PROMISED = (
    "redaction: Loki stores secrets as they are sent\n"
    "that lines wait while Loki is away, and are sent again\n"
    "labels, formats, joined lines, and which namespaces are sent"
)


_REFUSED = (
    "Loki may refuse lines and answer 204 all the same: they are counted in loki_discarded_samples_total alone, "
    "and `logstack try` fails for them"
)


@dataclass(frozen=True)
class Collection:
    """The way of a line to Loki."""

    sources: tuple[str, ...]
    dropped: tuple[str, ...] = field(metadata={JSON_KEY: "leftOut"})
    index_labels: tuple[str, ...]
    """Of lines of every source."""
    further_index_labels: Mapping[str, tuple[str, ...]]
    """Of lines of single sources, by the source's key."""
    order_labels: tuple[str, ...]
    """The index labels of some lines that keep Loki from refusing them."""
    node_streams: NodeStreams | None
    """None if `node` is no further index label of any source."""
    structured_metadata: tuple[str, ...] | None
    """None if Loki stores none."""
    formats: tuple[str, ...]
    redacted: tuple[str, ...]
    """Names of the rules."""
    old_lines: str
    late_lines: str
    long_lines: str


def collection_section(stack: Stack) -> Section:
    """Plan what the stack collects."""
    collection = _collection(stack.settings)
    return Section(
        "Collection", "collected", collection, _facts(collection, is_collected=stack.settings.collector.enabled)
    )


def _without_collector(settings: Settings) -> Collection:
    longest = kubernetes_size(settings.limits.max_line_size)
    return Collection(
        sources=(f"none: the collector is off, and collectors of your own push to {_push(settings)}",),
        dropped=(),
        index_labels=(),
        further_index_labels={},
        order_labels=(),
        node_streams=None,
        structured_metadata=(),
        formats=(),
        redacted=(),
        old_lines="the senders decide; Loki refuses those above its age limit (section storage)",
        late_lines=_REFUSED,
        long_lines=f"Loki refuses, and counts, a line above {longest}",
    )


def _push(settings: Settings) -> str:
    """Return where senders push to, and what each request needs."""
    base, auth = push_address(settings, settings.cluster), settings.gateway.auth
    tenant = "; each request names its tenant in X-Scope-OrgID" if settings.tenants else ""
    password = f"; each request has a password of the Secret {auth.credentials_secret}" if auth else ""
    return f"{push_url(settings, settings.cluster)} (Loki's protocol) or {base}{OTLP_PATH} (OTLP){tenant}{password}"


def _collection(settings: Settings) -> Collection:
    if not settings.collector.enabled:
        return _without_collector(settings)
    collector = settings.collector
    sources, redact = collector.sources, collector.redact
    longest = kubernetes_size(settings.limits.max_line_size)
    verb = "sends the beginning of" if collector.long_lines == "cut" else "drops, and counts,"
    return Collection(
        sources=tuple(line for source in active_sources(sources) for line in source.describe(sources)),
        dropped=tuple(_dropped(settings)),
        index_labels=collector.stream_labels,
        further_index_labels={
            source.key: labels for source in sources.active if (labels := source.further_labels(sources))
        },
        order_labels=collector.order_labels,
        node_streams=_node_streams(settings),
        structured_metadata=tuple(metadata_labels(collector)) if settings.structured_metadata else None,
        formats=tuple(_formats(settings)),
        redacted=(*redact.rules, *(rule.name for rule in redact.custom), *_secretfilter(redact)),
        late_lines="\n".join(_late_lines(settings)),
        old_lines=f"the collector drops, and counts, lines older than {spoken_duration(collector.max_age)}",
        long_lines=f"the collector {verb} a line above {longest}",
    )


def _secretfilter(redact: RedactionSettings) -> Iterator[str]:
    if redact.secretfilter:
        yield "what loki.secretfilter finds (a public preview in Alloy)"


def _facts(collection: Collection, *, is_collected: bool) -> Facts:
    if not is_collected:
        return [
            ("sources", "\n".join(collection.sources)),
            ("not promised", _NOT_PROMISED),
            ("old lines", collection.old_lines),
            ("late lines", collection.late_lines),
            ("long lines", collection.long_lines),
        ]
    return [
        ("sources", "\n".join(collection.sources)),
        *([("not sent", "\n".join(collection.dropped))] if collection.dropped else []),
        ("index labels", f"{listed(collection.index_labels, 'and')}{_on_some(collection.order_labels)}"),
        *(
            (f"labels of {key}", f"{listed(labels, 'and')} as well")
            for key, labels in collection.further_index_labels.items()
        ),
        *([("node streams", _by_node(collection.node_streams))] if collection.node_streams else []),
        ("structured metadata", _structured(collection.structured_metadata)),
        ("formats", "\n".join(collection.formats)),
        ("redacted", listed(collection.redacted, "and") or "nothing"),
        ("old lines", collection.old_lines),
        ("late lines", collection.late_lines),
        ("long lines", collection.long_lines),
    ]


def _on_some(labels: tuple[str, ...]) -> str:
    return f"; on some lines {listed(labels, 'and')}" if labels else ""


def _late_lines(settings: Settings) -> Iterator[str]:
    """Say what becomes of lines whose own time is far from their reading time, and where refused lines are counted."""
    if settings.collector.reads_times:
        before, after = map(spoken_duration, window(stack_latest_behind(settings)))
        yield (
            f"an own time (timestamp of a parser) over {before} before the reading time counts, and the line has the "
            f"index label late;\none over {after} ahead of it does not count: the line has the reading time"
        )
    yield _REFUSED


def _structured(names: tuple[str, ...] | None) -> str:
    if names is None:
        return (
            "none (structuredMetadata is false): levels, fields of formats and labels that are no index labels are not "
            "sent;\nLoki refuses lines that other senders give structured metadata, by OTLP every record with "
            "attributes"
        )
    return f"{listed(names, 'and')}, and the fields of a format"


def _node_streams(settings: Settings) -> NodeStreams | None:
    collector = settings.collector
    jobs = tuple(job for source in collector.node_streams for job in source.node_jobs(collector.sources))
    if not jobs:
        return None
    per_node = len(set(jobs)) if "job" in collector.stream_labels else 1
    return NodeStreams(jobs, per_node, settings.limits.max_streams)


def _by_node(streams: NodeStreams) -> str:
    return (
        f"job {listed(streams.jobs, 'and')}: node is an index label too, so Loki compares no line's time with those of "
        f"other nodes; {counted(streams.per_node, 'stream')} or more a node, of {streams.max_streams:,} in all"
    )


def _dropped(settings: Settings) -> Iterator[str]:
    collector = settings.collector
    namespaces, pods = collector.namespaces, collector.pods
    if namespaces.only:
        yield f"every namespace except {listed(namespaces.only, 'and')}"
    if namespaces.never:
        yield f"namespace {listed(namespaces.never, 'and')}"
    if pods.only:
        yield f"pods without {listed([f'{key}={text}' for key, text in pods.only.items()], 'and')}"
    if pods.never:
        yield f"pods with {listed([f'{key}={text}' for key, text in pods.never.items()])}"
    yield from map(_drop, collector.drop)
    yield from map(_rate, collector.rate_limits)


def _drop(rule: Drop) -> str:
    lines = f"{rule.name}: lines"
    if rule.match:
        lines += f" of {listed([f'{label}={text}' for label, text in rule.match.items()], 'and')}"
    if rule.pattern:
        lines += f" that match {rule.pattern}"
    return f"{lines}, except {spoken_share(rule.keep)} of them" if rule.keep else lines


def _rate(limit: RateLimit) -> str:
    namespace = f"namespace {limit.namespace}" if limit.namespace else "each namespace"
    return f"lines of {namespace} above {limit.rate} a second on each node (burst {limit.burst})"


def _formats(settings: Settings) -> Iterator[str]:
    for parser in settings.collector.parsers:
        lines = listed([f"{label}={text}" for label, text in parser.match.items()], "and") or "all lines"
        steps: list[str] = [parser.format or ("a pattern" if parser.pattern else "")]
        if multiline := parser.multiline:
            steps.append(f"multiline ({multiline.language or 'a pattern'})")
        yield f"{lines}: {listed([step for step in steps if step], 'and')}"
    yield "each pod: as its annotations logstack/format and logstack/multiline say"

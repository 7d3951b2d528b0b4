"""What the collector takes, what it makes of a line, and what it leaves out."""

from collections.abc import Iterator
from dataclasses import dataclass

from logstack.manifests.alloy.labels import metadata_labels
from logstack.manifests.alloy.sources.catalog import active_sources
from logstack.settings.model.processing import Drop, RateLimit
from logstack.settings.model.quantities import kubernetes_size
from logstack.settings.model.tree import Settings
from logstack.settings.problems import listed
from logstack.text.words import Facts, spoken_share


@dataclass(frozen=True)
class Collected:
    """What becomes of lines on their way to Loki."""

    sources: tuple[str, ...]
    left_out: tuple[str, ...]
    index_labels: tuple[str, ...]
    structured_metadata: tuple[str, ...]
    formats: tuple[str, ...]
    redacted: tuple[str, ...]
    """Names of the rules."""
    long_lines: str


def collected(settings: Settings) -> Collected:
    """What the stack collects."""
    collector = settings.collector
    sources, redact = collector.sources, collector.redact
    fate = "its beginning is sent" if collector.long_lines == "cut" else "it is dropped, and counted"
    return Collected(
        sources=tuple(line for source in active_sources(sources) for line in source.describe(sources)),
        left_out=tuple(_left_out(settings)),
        index_labels=collector.stream_labels,
        structured_metadata=tuple(metadata_labels(collector)),
        formats=tuple(_formats(settings)),
        redacted=(*redact.rules, *(rule.name for rule in redact.custom)),
        long_lines=f"of a line above {kubernetes_size(settings.limits.max_line_size)} {fate}",
    )


def collected_facts(found: Collected) -> Facts:
    """The same in words."""
    return [
        ("sources", "\n".join(found.sources)),
        *([("left out", "\n".join(found.left_out))] if found.left_out else []),
        ("streams", f"by {listed(found.index_labels, 'and')}"),
        ("metadata", f"{listed(found.structured_metadata, 'and')}, and what a format gives"),
        ("formats", "\n".join(found.formats)),
        ("redacted", listed(found.redacted, "and") or "nothing"),
        ("long lines", found.long_lines),
    ]


def _left_out(settings: Settings) -> Iterator[str]:
    collector = settings.collector
    namespaces, pods = collector.namespaces, collector.pods
    if namespaces.only:
        yield f"every namespace but {listed(namespaces.only, 'and')}"
    if namespaces.never:
        yield f"namespace {listed(namespaces.never, 'and')}"
    if pods.only:
        yield f"pods without {listed([f'{key}={text}' for key, text in pods.only.items()], 'and')}"
    if pods.never:
        yield f"pods with {listed([f'{key}={text}' for key, text in pods.never.items()])}"
    yield from map(_drop, collector.drop)
    yield from map(_rate, collector.rate_limits)


def _drop(rule: Drop) -> str:
    what = f"{rule.name}: lines"
    if rule.match:
        what += f" of {listed([f'{label}={text}' for label, text in rule.match.items()], 'and')}"
    if rule.pattern:
        what += f" with {rule.pattern}"
    return f"{what}, but for {spoken_share(rule.keep)} of them" if rule.keep else what


def _rate(limit: RateLimit) -> str:
    whose = f"namespace {limit.namespace}" if limit.namespace else "each namespace"
    return f"of {whose} on each node what is above {limit.rate} lines a second ({limit.burst} at once)"


def _formats(settings: Settings) -> Iterator[str]:
    for parser in settings.collector.parsers:
        whose = listed([f"{label}={text}" for label, text in parser.match.items()], "and") or "all lines"
        how: list[str] = [parser.format or ("a pattern" if parser.pattern else "")]
        if said := parser.multiline:
            how.append(f"entries of several lines ({said.language or 'a pattern'})")
        yield f"{whose}: {listed([each for each in how if each], 'and')}"
    yield "what a pod's annotations logstack/format and logstack/multiline name"

"""The matches of rules for lines: whether lines have the labels, and whether one match covers another."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from logstack.settings.checks.check import reads
from logstack.settings.checks.labels import any_label, available_labels, missing_label
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

Match = Mapping[str, str]

MATCH_OF_NOBODY = Rule("match-of-nobody", "the rule matches no line")
NOT_COLLECTED = Rule(
    "namespace-not-collected", "the collector reads no line of the namespace, so the key has no effect"
)


def matches(collector: CollectorSettings) -> Iterator[tuple[str, Match]]:
    """Yield every `match` of a rule for lines, and its path."""
    for index, parser in enumerate(collector.parsers):
        yield f"collector.parsers[{index}].match", parser.match
    for index, rule in enumerate(collector.drop):
        yield f"collector.drop[{index}].match", rule.match


@reads("collector.drop", "collector.labels", "collector.parsers", "collector.sources")
def labels(settings: Settings) -> Iterator[Problem]:
    """Check that each rule matches labels that lines have at that stage."""
    collector = settings.collector
    # loki.write adds the cluster when the line has left the rules behind.
    available = [label for label in available_labels(collector) if label != "cluster"]
    for path, match in matches(collector):
        for label in match:
            if label == "cluster":
                fix = "remove it: all lines of one collector are of one cluster"
                yield MATCH_OF_NOBODY.problem(f"{path}.cluster", "lines get the label cluster after all rules", fix)
            elif label not in available and not any_label(collector):
                yield missing_label(f"{path}.{label}", label, available, collector, MATCH_OF_NOBODY)


@reads(
    "collector.drop",
    "collector.namespaces",
    "collector.parsers",
    "collector.rate_limits",
    "collector.sources",
    "tenants",
)
def namespaces(settings: Settings) -> Iterator[Problem]:
    """Check that rules name only namespaces that the collector reads; OTLP and push senders may use any."""
    collector = settings.collector
    if any(source.names_any_namespace for source in collector.sources.active):
        return
    named = [(f"{path}.namespace", match["namespace"]) for path, match in matches(collector) if "namespace" in match]
    for index, limit in enumerate(collector.rate_limits):
        named += [(f"collector.rateLimits[{index}].namespace", limit.namespace)] if limit.namespace else []
    for index, tenant in enumerate(settings.tenants):
        named += [(f"tenants[{index}].namespaces[{number}]", name) for number, name in enumerate(tenant.namespaces)]
    only, never = collector.namespaces.only, collector.namespaces.never
    for path, name in named:
        if name in never or (name and only and not any(covers(name, pattern) for pattern in only)):
            key = "never" if name in never else "only"
            what = f"collector.namespaces.{key} excludes this namespace"
            yield NOT_COLLECTED.problem(path, what, f"remove it, or change collector.namespaces.{key}")


def covers(wide: str, narrow: str) -> bool:
    """Return whether a text, with `*` for any text, matches everything that another one matches."""
    return fnmatchcase(narrow, wide.replace("[", "[[]").replace("?", "[?]"))


def has_all_of(wide: Match, narrow: Match) -> bool:
    """Return whether one match covers every line of another."""
    return all(covers(text, narrow.get(label, "*")) for label, text in wide.items())


CHECKS = (labels, namespaces)

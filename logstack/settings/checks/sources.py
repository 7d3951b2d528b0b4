"""Log sources: at least one, none twice, and no settings without effect."""

from collections import Counter
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from logstack.settings.checks.check import reads
from logstack.settings.model.collector import STABILITIES, Stability
from logstack.settings.model.sources import PODS, Journal, Sources
from logstack.settings.pins import ALLOY_API_LOSES_LINES, ALLOY_VERSION
from logstack.settings.problems import Problem, Rule, listed
from logstack.settings.tree import Settings

_BELOW = "/var/log/"
# The kubelet's folders below /var/log.
_PODS_FOLDERS = ("pods", "containers")

NO_SOURCE = Rule("no-source", "no collector runs, and Loki stays empty")
WITHOUT_SOURCE = Rule("setting-without-source", "the key has no effect: something else was probably meant")
NAMESPACE_TWICE = Rule("namespace-wanted-and-refused", "`never` wins: the namespace's lines are silently missing")
PODS_TWICE = Rule("pods-wanted-and-refused", "`never` wins: no pod is collected")
NODE_FILE_TWICE = Rule("node-file-twice", "the collector sends each line of the file once per entry")
NODE_FILE_OF_PODS = Rule(
    "node-file-of-pods", "every line of a pod arrives twice: once as the pod's, once as the node's without its labels"
)
NODE_FILE_OUTSIDE = Rule("node-file-outside", "the collector sees only /var/log of the node")
STABILITY = Rule(
    "alloy-stability",
    "by Alloy's documentation this feature may change or disappear in any version, so a stack has to allow it",
)
WRITE_AHEAD_LOG = Rule(
    "write-ahead-log-not-read-again",
    "a collector that restarts while Loki is away sends nothing of the log: the lines in it that its positions are past"
    " are lost, however many they are (measured with Alloy 1.19.0); without the log at most the 10 to 20Mi read ahead",
    "warning",
)
API_LOSES_LINES = Rule("api-loses-lines", ALLOY_API_LOSES_LINES.summary, "warning")
JOURNAL = Rule(
    "journal-needs-systemd",
    "a node without systemd, such as Talos, has no journal and no /etc/machine-id (expected): the collector's pod does "
    "not start there, and none of the node's lines arrives",
    "warning",
)
COLLECTOR_OFF = Rule("collector-is-off", "nothing in the cluster would do what these keys ask")
RECEIVERS = Rule(
    "receivers-are-open",
    "every pod that reaches a collector can push lines under any name, without a password",
    "warning",
)


@reads("alloy.values", "canary.enabled", "canary.route", "collector")
def collector_off(settings: Settings) -> Iterator[Problem]:
    """Check that nothing is said to a collector that is off."""
    if settings.collector.enabled:
        return
    collector = settings.stated.collector
    keys = [
        f"collector.{field.alias}"
        for name, field in type(collector).model_fields.items()
        if name != "enabled" and name in collector.model_fields_set
    ]
    keys += ["alloy.values"] if settings.alloy.values else []
    keys += ["canary.route"] if settings.canary.enabled and settings.canary.route == "collector" else []
    if keys:
        what = f"{listed(keys, 'and')} {'needs' if len(keys) == 1 else 'need'} the collector, which is off"
        yield COLLECTOR_OFF.problem(
            "collector.enabled", what, f"remove enabled: false, or remove {listed(keys, 'and')}"
        )


@reads("collector.enabled", "collector.sources")
def some_source(settings: Settings) -> Iterator[Problem]:
    """Check that at least one source is on."""
    if settings.collector.enabled and not settings.collector.sources.active:
        what = (
            f"no source is on: {listed([str(field.alias) for field in Sources.model_fields.values()], 'and')} are off"
        )
        fix = f"logstack:collector: {{sources: {{{PODS.example}}}}}, or another"
        yield NO_SOURCE.problem("collector.sources", what, fix)


@reads("collector.enabled", "collector.labels", "collector.namespaces", "collector.pods", "collector.sources")
def effect(settings: Settings) -> Iterator[Problem]:
    """Check that settings of pods and of the journal are not set while that source is off."""
    collector = settings.collector
    journal, namespaces = collector.sources.journal, collector.namespaces
    if keys_set := sorted(journal.model_fields_set - {"enabled"}):
        keys = listed([str(Journal.model_fields[name].alias) for name in keys_set], "and")
        if not journal.enabled:
            fix = f"logstack:collector: {{sources: {{journal: {{enabled: true}}}}}}, or remove {keys}"
            yield WITHOUT_SOURCE.problem(
                "collector.sources.journal", f"the journal is off, but the stack sets {keys}", fix
            )
    if collector.sources.pods != "none" or not collector.enabled:
        return
    of_pods = {"labels": bool(collector.labels), "pods": bool(collector.pods.only or collector.pods.never)}
    of_pods |= {"namespaces": bool(namespaces.only or namespaces.never) and not collector.sources.events}
    for key in (key for key, is_said in of_pods.items() if is_said):
        fix = f"remove {key}, or logstack:collector: {{sources: {{pods: files}}}}"
        yield WITHOUT_SOURCE.problem(f"collector.{key}", f"sources.pods is none, but the stack sets {key}", fix)


@reads("collector.namespaces", "collector.pods")
def contradicting_filters(settings: Settings) -> Iterator[Problem]:
    """Check that no namespace and no pod label is both in `only` and in `never`."""
    namespaces, pods = settings.collector.namespaces, settings.collector.pods
    if both := sorted(set(namespaces.only) & set(namespaces.never)):
        what = f"both in only and in never: {listed(both, 'and')}"
        yield NAMESPACE_TWICE.problem("collector.namespaces", what, "remove each namespace from one of the lists")
    if both := sorted(key for key, text in pods.only.items() if pods.never.get(key) == text):
        what = f"both in only and in never, with the same value: {listed(both, 'and')}"
        yield PODS_TWICE.problem("collector.pods", what, "remove each label from one of the two")


@reads("collector.sources")
def node_files(settings: Settings) -> Iterator[Problem]:
    """Check that the collector can see each file, and reads it once."""
    sources = settings.collector.sources
    counts = Counter(file.path for file in sources.node_files)
    first = {path: index for index, path in reversed(list(enumerate(file.path for file in sources.node_files)))}
    for index, file in enumerate(sources.node_files):
        path = f"collector.sources.nodeFiles[{index}].path"
        if counts[file.path] > 1 and first[file.path] != index:
            what = f"nodeFiles[{first[file.path]}] has the same path"
            yield NODE_FILE_TWICE.problem(path, what, "list each path once")
        if {"..", "."} & set(file.path.split("/")):
            yield NODE_FILE_OUTSIDE.problem(path, "the path contains . or ..", "write the real path below /var/log")
        elif sources.pods != "none" and _may_be_of_pods(file.path):
            what = f"the path includes pod logs, but sources.pods is {sources.pods}"
            fix = "narrow the path, or logstack:collector: {sources: {pods: none}}"
            yield NODE_FILE_OF_PODS.problem(path, what, fix)


def _may_be_of_pods(path: str) -> bool:
    """Return whether a path or pattern can match the kubelet's own log files."""
    first, _, below = path.removeprefix(_BELOW).partition("/")
    last = path.rsplit("/", 1)[-1]
    if first in _PODS_FOLDERS:
        return True
    is_log = last.endswith(".log") or "*" in last
    return is_log and ("**" in first or (bool(below) and any(fnmatchcase(name, first) for name in _PODS_FOLDERS)))


@reads("collector.stability", "collector.write_ahead_log", "collector.redact")
def stability(settings: Settings) -> Iterator[Problem]:
    """Check that `stability` allows the Alloy components that the settings need."""
    collector = settings.collector
    uses: Sequence[tuple[str, bool, Stability]] = (
        ("writeAheadLog", collector.write_ahead_log, "experimental"),
        ("redact.secretfilter", collector.redact.secretfilter, "public-preview"),
    )
    for key, is_used, needed in uses:
        if is_used and STABILITIES.index(collector.stability) < STABILITIES.index(needed):
            what = f"{key} needs the stability {needed}, but stability is {collector.stability}"
            fix = f"logstack:collector: {{stability: {needed}}}, or remove {key}"
            yield STABILITY.problem(f"collector.{key}", what, fix)


@reads("collector.write_ahead_log")
def write_ahead_log(settings: Settings) -> Iterator[Problem]:
    """Warn that Alloy loses the lines in its write-ahead log when it restarts."""
    if settings.collector.write_ahead_log:
        what = "writeAheadLog is on"
        fix = "remove it, unless nodes rotate files away more quickly than Loki comes back"
        yield WRITE_AHEAD_LOG.problem("collector.writeAheadLog", what, fix)


@reads("collector.sources")
def pods_by_api(settings: Settings) -> Iterator[Problem]:
    """Warn that the pinned Alloy loses lines that it reads from the Kubernetes API."""
    if settings.collector.sources.pods == "api" and ALLOY_API_LOSES_LINES.is_in(ALLOY_VERSION):
        what = f"sources.pods is api, and Alloy {ALLOY_VERSION} has the bug {ALLOY_API_LOSES_LINES.issue}"
        fix = f"logstack:collector: {{sources: {{{PODS.example}}}}}, where pods may have host paths"
        yield API_LOSES_LINES.problem("collector.sources.pods", what, fix)


@reads("collector.sources")
def journal(settings: Settings) -> Iterator[Problem]:
    """Warn that nodes without systemd have no journal."""
    if settings.collector.sources.journal.enabled:
        what = "the journal is on; logstack cannot check whether every node runs systemd"
        fix = "turn it off unless every node runs systemd"
        yield JOURNAL.problem("collector.sources.journal", what, fix)


@reads("collector.sources")
def receivers(settings: Settings) -> Iterator[Problem]:
    """Warn that every pod of the cluster reaches the receivers' ports."""
    if ports := [f"{port.number} ({port.key})" for port in settings.collector.sources.open_ports]:
        what = f"every collector listens on {listed(ports, 'and')}"
        fix = "add a NetworkPolicy that only lets the senders reach these ports"
        yield RECEIVERS.problem("collector.sources", what, fix)


CHECKS = (
    collector_off,
    some_source,
    effect,
    contradicting_filters,
    node_files,
    stability,
    write_ahead_log,
    pods_by_api,
    journal,
    receivers,
)

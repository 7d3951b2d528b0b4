"""What has to be so for taking the running Loki over in place, where the files do not show it."""

from collections.abc import Iterable, Iterator

from logstack.adopt.documents import Release, Unread
from logstack.adopt.loki_config import RUNNING
from logstack.adopt.paths import path_of
from logstack.adopt.reading import Entry
from logstack.manifests.loki.chart import RELEASE

# The stack file's keys and the values that decide whether objects, volumes and lines are found again.
_CONDITIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "names": (
        ("cluster.namespace", "nameOverride", "fullnameOverride", "namespaceOverride"),
        "the names and the namespace are the same (to decide)",
    ),
    "mode": (("deploymentMode",), "the mode is the same (to decide)"),
    "ring": (("cluster.ringLabel",), "the ring's label is the same (to decide)"),
    "store": (
        ("objectStore", "formerObjectStore", "loki.storage", "loki.storage_config", "minio"),
        "the store is the same (to decide)",
    ),
    "schema": (("schemaPeriods", "loki.schemaConfig", "loki.useTestSchema"), "the schema is the same (to decide)"),
}
_RULES = "loki.storage.bucketNames.ruler"
_WHOLE = "loki.config"


def conditions(entries: Iterable[Entry], release: Release) -> Iterator[str]:
    """Yield what has to be known or done first; nothing where everything is the same."""
    open_entries = [entry for entry in entries if entry.decide]
    if release.name is None:
        place = f" in the namespace {release.namespace}" if release.namespace else ""
        yield f"the release is called {RELEASE}{place} (helm list --all-namespaces shows it)"
    if release.namespace is None:
        yield "the stack file has Loki's namespace"
    for names, text in _CONDITIONS.values():
        if any(_is_about(entry, name) for entry in open_entries if entry.path != _RULES for name in names):
            yield text
    if any(entry.path == _RULES for entry in open_entries):
        yield "the rules are copied into the bucket of the chunks, if there are any"
    if any(entry.path == _WHOLE for entry in open_entries):
        yield "the running Loki's configuration has the same store and schema (--loki-config)"
    if hidden := [unread.path for unread in release.unread if _may_decide(unread)]:
        yield f"what logstack does not read changes no name, mode, store or schema ({', '.join(hidden)})"


def _is_about(entry: Entry, name: str) -> bool:
    about = (entry.path.removeprefix(f"{RUNNING}."), entry.key or "")
    return any(text == name or text.startswith((f"{name}.", f"{name}[")) for text in about)


def _may_decide(unread: Unread) -> bool:
    return any(unread.may_set(path_of(name)) for names, _ in _CONDITIONS.values() for name in names)

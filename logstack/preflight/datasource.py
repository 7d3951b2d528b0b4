"""Refuses a datasource's new uid, which Grafana would not take, against the datasources that the stack applied last."""

from collections.abc import Mapping, Sequence
from typing import Any

from logstack.manifests.grafana.resources import CONFIG, FILE, NAME
from logstack.manifests.manifest import ComponentTree
from logstack.preflight.data_loss import documents_of
from logstack.settings.problems import Rule, StackProblems
from logstack.settings.tree import Settings

UID_CHANGED = Rule(
    "datasource-uid-changed",
    'Grafana logs "data source not found", keeps the old uid, and ignores the rest of the file '
    "(expected, by grafana/grafana#110740)",
)


def refuse_changed_uid(
    applied: Sequence[Mapping[str, Any]], components: Sequence[ComponentTree], settings: Settings
) -> None:
    """Raise StackProblems where a datasource of the applied ConfigMaps keeps its name and gets another uid.

    `components` are what the stack declares.
    """
    grafana = settings.grafana
    if not grafana.enabled or grafana.recreate:
        return
    namespace = grafana.namespace or settings.cluster.namespace
    declared = [each.inputs for tree in components for each in tree.manifests if each.type == CONFIG]
    before, after = _uids(applied, namespace), _uids(declared, namespace)
    changed = {name: (old, after[name]) for name, old in before.items() if after.get(name, old) != old}
    if changed:
        names = ", ".join(f'"{name}" from "{old}" to "{new}"' for name, (old, new) in changed.items())
        fix = (
            "let Grafana create it again in this update, and remove `recreate` afterwards:\n"
            f"logstack:grafana: {{uid: {grafana.uid}, recreate: true}}"
        )
        raise StackProblems([UID_CHANGED.problem("grafana.uid", f"the uid of the datasource changes: {names}", fix)])


def _uids(maps: Sequence[Mapping[str, Any]], namespace: str) -> dict[str, str]:
    """Return the uid of each datasource by its name; none without the ConfigMap."""
    sources: Any = documents_of(maps, NAME, FILE).get(namespace, {}).get("datasources", [])
    return {source["name"]: source["uid"] for source in sources}

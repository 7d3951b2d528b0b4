"""Refuses a datasource's new uid, which Grafana would not take, against the datasources that the stack applied last."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from logstack.manifests.deployment import deployment
from logstack.manifests.grafana.resources import CONFIG, FILE, NAME
from logstack.settings.problems import Problem, StackProblems
from logstack.settings.tree import Settings

Uids = Mapping[str, str]
"""The uid of each datasource, by its name."""


def datasource_uids(maps: Sequence[Mapping[str, Any]], namespace: str) -> Uids:
    """Return the uids in the datasource's ConfigMap among these; none without it."""
    for each in maps:
        if (each["metadata"]["namespace"], each["metadata"]["name"]) == (namespace, NAME):
            document = yaml.safe_load(each["data"][FILE])
            return {source["name"]: source["uid"] for source in document["datasources"]}
    return {}


def refuse_changed_uid(applied: Sequence[Mapping[str, Any]], settings: Settings) -> None:
    """Raise StackProblems where a datasource of the applied ConfigMaps keeps its name and gets another uid."""
    grafana = settings.grafana
    if not grafana.enabled or grafana.recreate:
        return
    namespace = grafana.namespace or settings.cluster.namespace
    declared = [each.inputs for tree in deployment(settings) for each in tree.manifests if each.type == CONFIG]
    before, after = datasource_uids(applied, namespace), datasource_uids(declared, namespace)
    changed = {name: (old, after[name]) for name, old in before.items() if after.get(name, old) != old}
    if changed:
        names = ", ".join(f'"{name}" from "{old}" to "{new}"' for name, (old, new) in changed.items())
        problem = Problem(
            name="datasource-uid-changed",
            path="logstack:grafana.uid",
            what=f"the uid of the datasource changes: {names}",
            consequence='Grafana logs "data source not found", keeps the old uid, and ignores the rest of the file '
            "(grafana/grafana#110740)",
            fix="let Grafana create it again in this update, and remove `recreate` afterwards:\n"
            f"logstack:grafana: {{uid: {grafana.uid}, recreate: true}}",
        )
        raise StackProblems([problem])

"""A datasource's uid that changes: Grafana refuses it unless the datasource is created again."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from logstack.manifests.deployment import deployment
from logstack.manifests.grafana.resources import CONFIG
from logstack.preflight.datasource import refuse_changed_uid
from logstack.settings.problems import StackProblems
from logstack.settings.tree import Settings
from tests.support.stacks import changed, settings_of


def applied(settings: Settings) -> list[Mapping[str, Any]]:
    """Return what the state has of a stack's ConfigMaps."""
    return [each.inputs for tree in deployment(settings) for each in tree.manifests if each.type == CONFIG]


def refuse(before: Settings, after: Settings) -> None:
    refuse_changed_uid(applied(before), deployment(after), after)


def grafana(**keys: object) -> Settings:
    return changed(settings_of("production"), grafana=keys)


def test_changed_uid_is_refused_with_the_line_to_paste() -> None:
    with pytest.raises(StackProblems) as refused:
        refuse(grafana(), grafana(uid="loki-prod"))
    assert str(refused.value) == (
        "1 error:\n\n"
        "error[datasource-uid-changed] logstack:grafana.uid\n"
        '  what: the uid of the datasource changes: "Loki" from "loki" to "loki-prod"\n'
        '  then: Grafana logs "data source not found", keeps the old uid, and ignores the rest of the file '
        "(expected, by grafana/grafana#110740)\n"
        "  fix:  let Grafana create it again in this update, and remove `recreate` afterwards:\n"
        "        logstack:grafana: {uid: loki-prod, recreate: true}"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({}, {"uid": "loki-prod", "recreate": True}),
        ({"uid": "loki-prod", "recreate": True}, {"uid": "loki-prod"}),
        ({}, {"uid": "loki-prod", "name": "Logs"}),
        ({}, {"uid": "loki-prod", "enabled": False}),
        ({"enabled": False}, {"uid": "loki-prod"}),
    ],
    ids=["nothing", "created again", "recreate removed", "new name", "switched off", "switched on"],
)
def test_other_changes_of_a_datasource_are_accepted(before: dict[str, object], after: dict[str, object]) -> None:
    refuse(grafana(**before), grafana(**after))


def test_recreated_datasource_is_deleted_by_its_name_first() -> None:
    maps = {each["metadata"]["name"]: each for each in applied(grafana(name="Loki $1", recreate=True))}
    document = yaml.safe_load(maps["logstack-datasource"]["data"]["logstack.yaml"])
    assert document["deleteDatasources"] == [{"name": "Loki $$1", "orgId": 1}]
    assert [each["name"] for each in document["datasources"]] == ["Loki $$1"]

"""The table of docs/reference/changes.md: what each kind of change does, as the real engine previews it."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from logstack.settings.load.stack_file import Value
from tests.support import golden
from tests.support.engine import KEYS, Outcome, Project, project
from tests.support.real import chart_or_standin
from tests.support.stacks import ROOT

pytestmark = pytest.mark.prove

DOCUMENT = ROOT / "docs" / "reference" / "changes.md"
STAGING, PRODUCTION = "staging", "production"


@dataclass(frozen=True)
class Case:
    """A change of a stack that is up, and its row of the table."""

    stack: str
    change: Mapping[str, Value]
    label: str
    """The change, as the table's first column."""
    meaning: str
    """What it means for the pods and the lines, as the table's last column."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, Value] = field(default_factory=dict)
    """What the stack that is up says besides."""


NEW_CHART = "a newer chart"
SHORTER: Value = ["simple-scalable-ends-with-loki-4", "retention-shortened-from-30d-to-14d"]
ELSEWHERE: Value = ["simple-scalable-ends-with-loki-4", "object-store-left http://10.0.40.10:9000/loki-production"]
CASES = {
    "retention": Case(
        PRODUCTION,
        {"retention": "14d", "acknowledge": SHORTER},
        "`retention: 14d`, acknowledged",
        "the Loki pods restart, one after the other",
    ),
    "limits": Case(
        PRODUCTION,
        {"limits": {"ingestionRate": "9Mi"}},
        "`limits: {ingestionRate: 9Mi}`",
        "Loki reads it within ten seconds; nothing restarts",
    ),
    "replicas": Case(
        PRODUCTION, {"replicas": {"read": 4}}, "`replicas: {read: 4}`", "one more pod; no existing pod restarts"
    ),
    "replication": Case(
        STAGING,
        {"replicationFactor": 3},
        "`replicationFactor: 3`",
        "the Loki pods restart; each new line goes to three writers",
    ),
    "resources": Case(
        PRODUCTION,
        {"resources": {"write": {"cpu": "1", "memory": "4Gi", "disk": "20Gi"}}},
        "more memory in `resources: {write: {...}}`",
        "the Loki pods restart: the WAL's ceiling in loki.yaml follows the writers' memory",
    ),
    "memory limit": Case(
        PRODUCTION,
        {"resources": {"write": {"cpu": "1", "memory": "2Gi", "memoryLimit": "4Gi", "disk": "20Gi"}}},
        "`memoryLimit: 4Gi` in `resources: {write: {...}}`",
        "the writers restart, one after the other",
    ),
    "no gateway": Case(
        PRODUCTION,
        {"gateway": {"enabled": False}},
        "`gateway: {enabled: false}`",
        "the gateway goes; the collectors reload, the canaries restart; clients of your own need another address",
    ),
    "no collector": Case(
        PRODUCTION,
        {"collector": {"enabled": False, "sources": None}},
        "`collector: {enabled: false}`, without its other keys",
        "the collectors go, and nothing in the stack collects lines any more; the canaries restart",
    ),
    "volume size": Case(
        PRODUCTION,
        {"resources": {"write": {"cpu": "1", "memory": "2Gi", "disk": "40Gi"}}},
        "a larger disk in `resources: {write: {...}}`",
        "a new StatefulSet takes over the pods; existing volumes keep their size",
    ),
    "storage class": Case(
        PRODUCTION,
        {"storageClass": "fast"},
        "`storageClass: fast`",
        "new StatefulSets take over the pods; existing volumes stay where they are",
    ),
    "credentials": Case(
        STAGING,
        {},
        "`pulumi config set --secret logstack:secretAccessKey ...`",
        "the store and every Loki pod restart with the new key",
        {"logstack:secretAccessKey": "another-secret"},
    ),
    "redaction": Case(
        PRODUCTION,
        {"collector": {"redact": {"rules": ["private-keys", "tokens", "passwords", "cards", "mails"]}}},
        "`mails` added to `collector: {redact: {rules: [...]}}`",
        "Alloy reloads it; nothing restarts",
    ),
    "index labels": Case(
        PRODUCTION,
        {"collector": {"indexLabels": ["cluster", "namespace", "pod", "container", "stream", "app", "job", "node"]}},
        "a label added to `collector: {indexLabels: [...]}`",
        "Alloy reloads it; new lines go to new streams",
    ),
    "cluster name": Case(
        PRODUCTION,
        {"cluster": {"name": "berlin", "ringLabel": "sent"}},
        "`cluster: {name: berlin}`, with `ringLabel: sent` before and after",
        "the label `cluster` of new lines; queries and alerts that name the old one find nothing new; the Loki pods "
        "restart with another ring label",
        before={"cluster": {"ringLabel": "sent"}},
    ),
    "ring label": Case(
        PRODUCTION,
        {"cluster": {"ringLabel": "sent"}},
        "`cluster: {ringLabel: sent}`",
        "the Loki pods restart; a stage in which they refuse no other ring label",
    ),
    "another address": Case(
        PRODUCTION,
        {"cluster": {"context": "staging", "apiServer": "https://10.0.30.2:6443"}},
        "`cluster: {context: ..., apiServer: ...}`",
        "the same cluster at another address: only the provider's settings change",
    ),
    "namespace": Case(
        PRODUCTION,
        {"cluster": {"namespace": "logging"}},
        "`cluster: {namespace: logging}`",
        "every object is created again there, with new volumes: lines that are only on the old volumes are not found",
    ),
    "passed to Loki": Case(
        PRODUCTION,
        {"loki": {"config": {"ingester": {"chunk_idle_period": "1h"}}}},
        "`loki: {config: {ingester: {chunk_idle_period: 1h}}}`",
        "the Loki pods restart, one after the other; outside logstack's promises",
    ),
    "passed to Alloy": Case(
        PRODUCTION,
        {"alloy": {"config": 'loki.echo "a" { }'}},
        "`alloy: {config: ...}`",
        "Alloy reloads it; nothing restarts",
    ),
    "Loki's version": Case(
        PRODUCTION, {"lokiVersion": "3.7.9"}, "`lokiVersion: 3.7.9`", "the Loki pods restart, one after the other"
    ),
    "chart": Case(
        PRODUCTION,
        {"charts": {"loki": {"path": NEW_CHART}}},
        "a newer chart with the same templates",
        "a label on each object; pods restart if the chart labels them",
    ),
    "bucket": Case(
        PRODUCTION,
        {"objectStore": {"bucket": "loki-production-2"}, "acknowledge": ELSEWHERE},
        "`objectStore: {bucket: ...}`, acknowledged",
        "the Loki pods restart; lines in the old bucket are no longer found",
    ),
    "caches": Case(
        PRODUCTION,
        {"caches": {"chunks": "2Gi"}},
        "`caches: {chunks: 2Gi}`",
        "the cache restarts empty; Loki continues without it",
    ),
    "mode": Case(
        PRODUCTION,
        {
            "deploymentMode": "monolithic",
            "replicas": {"write": None, "read": None, "backend": None, "monolithic": 3},
            "acknowledge": None,
        },
        "`deploymentMode: monolithic`, three replicas",
        "new pods with new volumes: move in stages (`logstack migrate`), never in one step",
    ),
    "canary": Case(STAGING, {"canary": {"enabled": False}}, "`canary: {enabled: false}`", "the canary is deleted"),
    "datasource": Case(
        PRODUCTION,
        {"grafana": {"uid": "logs", "recreate": True}},
        "`grafana: {uid: logs, recreate: true}`",
        "Grafana's sidecar reloads the file; Grafana deletes the datasource and creates it with the new uid (expected)",
    ),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """Bring staging and production up, each in a cluster of its own."""
    projects = {}
    for stack in (STAGING, PRODUCTION):
        with project(tmp_path_factory.mktemp(stack)) as each:
            assert each.up(stack).failed == ""
            newer = each.folder / NEW_CHART
            shutil.copytree(chart_or_standin("loki"), newer)
            chart = newer / "Chart.yaml"
            chart.write_text(re.sub(r"(?m)^version: .*$", "version: 99.0.0", chart.read_text()))
        projects[stack] = each
    return projects


def previewed(running: Mapping[str, Project], case: Case, **options: Any) -> Outcome:
    """Preview the change alone, against the stack that is up."""
    with running[case.stack].serving() as platform:
        path = platform.folder / f"Pulumi.{case.stack}.yaml"
        before = path.read_text()
        if case.before:
            platform.edit(case.stack, case.before)
            assert platform.up(case.stack).failed == ""
        platform.edit(case.stack, case.change)
        outcome = platform.preview(case.stack, secrets=case.secrets, **options)
        path.write_text(before)
        if case.before:
            assert platform.up(case.stack).failed == ""
        platform.keys = dict(KEYS)
    return outcome


@pytest.fixture(scope="module")
def previews(running: dict[str, Project]) -> dict[str, Outcome]:
    """Preview every change."""
    return {name: previewed(running, case) for name, case in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_preview_of_a_change_succeeds_and_changes_something(previews: dict[str, Outcome], name: str) -> None:
    assert previews[name].failed == ""
    assert previews[name].changes, "nothing would change"


def test_table_of_changes_equals_the_previews_of_the_engine(
    previews: dict[str, Outcome], request: pytest.FixtureRequest
) -> None:
    head, _, after_marker = DOCUMENT.read_text().partition("<!-- changes -->")
    tail = after_marker.partition("<!-- /changes -->")[2]
    table = "\n".join(_row(CASES[name], outcome) for name, outcome in previews.items())
    lines = f"| change | updated | replaced, created, deleted | what it means |\n|---|---|---|---|\n{table}"
    golden.check(DOCUMENT, f"{head}<!-- changes -->\n\n{lines}\n\n<!-- /changes -->{tail}", request)


def test_preview_shows_a_lower_retention_in_the_diff_of_the_configuration(running: dict[str, Project]) -> None:
    output = previewed(running, CASES["retention"], diff=True).text
    assert re.search(r'~ retention_period +: "720h" => "336h"', output)


def test_change_of_volumes_replaces_only_stateful_sets(previews: dict[str, Outcome]) -> None:
    """A replaced StatefulSet is deleted without its pods and its claims, so no volume is lost."""
    for name in ("volume size", "storage class"):
        replaced = {step.type for step in previews[name].of("replace")}
        assert replaced == {"kubernetes:apps/v1:StatefulSet"}


def _row(case: Case, outcome: Outcome) -> str:
    summary = outcome.summary
    updated = _named(summary.pop("update", []))
    not_in_place = "; ".join(f"{_WORDS[op]}: {_named(names)}" for op, names in summary.items())
    return f"| {case.label} | {updated or 'nothing'} | {not_in_place or 'nothing'} | {case.meaning} |"


_WORDS = {"create": "created", "delete": "deleted", "replace": "replaced"}
_MANY = 12


def _named(resources: list[str]) -> str:
    """Return resources by their kinds; of a long list only the number."""
    if len(resources) > _MANY:
        return f"{len(resources)} resources"
    kinds: dict[str, list[str]] = {}
    for name in resources:
        kind, _, logical_name = name.partition(" ")
        kinds.setdefault(kind, []).append(f"`{logical_name}`")
    return ", ".join(f"{kind} {', '.join(logical_name)}" for kind, logical_name in kinds.items())

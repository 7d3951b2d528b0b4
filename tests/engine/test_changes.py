"""What each kind of change of a stack file does, as the real engine previews it (docs/reference/changes.md)."""

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
    """A change of a stack that is up, and what comes of it in words."""

    stack: str
    change: Mapping[str, Value]
    told: str
    """How the change is written in the table."""
    meaning: str
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
        PRODUCTION, {"replicas": {"read": 4}}, "`replicas: {read: 4}`", "one pod more; no other pod restarts"
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
        "one more of `collector: {indexLabels: [...]}`",
        "Alloy reloads it; lines from then on are in other streams",
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
        "everything is made again there, with new volumes: lines that are only on the old volumes are not found",
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
        "other pods with other volumes: a move in stages, never one step",
    ),
    "canary": Case(STAGING, {"canary": {"enabled": False}}, "`canary: {enabled: false}`", "the canary goes"),
    "datasource": Case(
        PRODUCTION, {"grafana": {"uid": "logs"}}, "`grafana: {uid: logs}`", "Grafana's sidecar reads it"
    ),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """Staging and production, each up in a cluster of its own."""
    made = {}
    for stack in (STAGING, PRODUCTION):
        with project(tmp_path_factory.mktemp(stack)) as each:
            assert each.up(stack).failed == ""
            newer = each.folder / NEW_CHART
            shutil.copytree(chart_or_standin("loki"), newer)
            chart = newer / "Chart.yaml"
            chart.write_text(re.sub(r"(?m)^version: .*$", "version: 99.0.0", chart.read_text()))
        made[stack] = each
    return made


def previewed(running: Mapping[str, Project], case: Case, **options: Any) -> Outcome:
    """The change alone, against what is up."""
    with running[case.stack].serving() as platform:
        path = platform.folder / f"Pulumi.{case.stack}.yaml"
        before = path.read_text()
        if case.before:
            platform.say(case.stack, case.before)
            assert platform.up(case.stack).failed == ""
        platform.say(case.stack, case.change)
        outcome = platform.preview(case.stack, secrets=case.secrets, **options)
        path.write_text(before)
        if case.before:
            assert platform.up(case.stack).failed == ""
        platform.keys = dict(KEYS)
    return outcome


@pytest.fixture(scope="module")
def previews(running: dict[str, Project]) -> dict[str, Outcome]:
    """What each change does."""
    return {name: previewed(running, case) for name, case in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_change_is_previewed_without_an_error(previews: dict[str, Outcome], name: str) -> None:
    assert previews[name].failed == ""
    assert previews[name].changes, "nothing would change"


def test_the_table_of_changes_is_what_the_engine_says(
    previews: dict[str, Outcome], request: pytest.FixtureRequest
) -> None:
    head, _, rest = DOCUMENT.read_text().partition("<!-- changes -->")
    tail = rest.partition("<!-- /changes -->")[2]
    table = "\n".join(_row(CASES[name], outcome) for name, outcome in previews.items())
    lines = f"| change | updated | replaced, made, deleted | what it means |\n|---|---|---|---|\n{table}"
    golden.check(DOCUMENT, f"{head}<!-- changes -->\n\n{lines}\n\n<!-- /changes -->{tail}", request)


def test_a_lowered_retention_is_seen_in_the_diff_of_the_configuration(running: dict[str, Project]) -> None:
    shown = previewed(running, CASES["retention"], diff=True).text
    assert re.search(r'~ retention_period +: "720h" => "336h"', shown)


def test_no_change_but_a_move_takes_a_stateful_sets_volumes(previews: dict[str, Outcome]) -> None:
    """A StatefulSet that is replaced is deleted without its pods, and keeps its claims."""
    for name in ("volume size", "storage class"):
        replaced = {step.type for step in previews[name].of("replace")}
        assert replaced == {"kubernetes:apps/v1:StatefulSet"}


def _row(case: Case, outcome: Outcome) -> str:
    summary = outcome.summary
    updated = _named(summary.pop("update", []))
    rest = "; ".join(f"{_WORDS[op]}: {_named(names)}" for op, names in summary.items())
    return f"| {case.told} | {updated or 'nothing'} | {rest or 'nothing'} | {case.meaning} |"


_WORDS = {"create": "made", "delete": "deleted", "replace": "replaced"}
_MANY = 12


def _named(names: list[str]) -> str:
    """Resources by their kinds; a long list is counted."""
    if len(names) > _MANY:
        return f"{len(names)} resources"
    kinds: dict[str, list[str]] = {}
    for name in names:
        kind, _, called = name.partition(" ")
        kinds.setdefault(kind, []).append(f"`{called}`")
    return ", ".join(f"{kind} {', '.join(called)}" for kind, called in kinds.items())

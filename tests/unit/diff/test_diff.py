"""`logstack diff`: the classes of seeded changes, and what holds for any change."""

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import Phase, given
from hypothesis import settings as profile

from logstack.diff.command import Form, render_differences
from logstack.diff.consequences import StackDiff, stack_diff
from logstack.diff.effects import EXIT_CODES, Effect
from logstack.diff.model import Differences
from logstack.diff.rules import RULES
from logstack.diff.snapshot import Rendered, render
from logstack.diff.snapshot_json import read, written
from logstack.render.artefacts import all_artefacts
from logstack.settings.load.loader import Stack
from logstack.settings.load.translation import keys
from logstack.settings.tree import Settings
from tests.support.changes import Seeded, replaced, seeded
from tests.support.generated import stacks
from tests.support.stacks import NAMES, TODAY, changed, settings_of

few_examples = profile(max_examples=15, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink])
# Stacks that pass the checks: there are at least as many writers as the replication factor.
LOADABLE = stacks().filter(lambda settings: settings.replication_factor <= settings.writers)
FORMS: tuple[Form, ...] = ("text", "markdown", "json")


def render_settings(settings: Settings) -> Rendered:
    return render(Stack("here", settings, (), (), "none"))


def compare(before: Rendered, after: Rendered) -> StackDiff:
    diff = stack_diff("here", before, after, TODAY)
    assert diff
    return diff


@cache
def render_seeded(name: str) -> tuple[Rendered, Rendered, StackDiff]:
    """Return both sides of a seeded change and their difference."""
    before, after = next(each for each in seeded() if each.name == name).rendered()
    return before, after, compare(before, after)


def sentences(diff: StackDiff) -> str:
    return "\n".join(sentence.text() for each in diff.consequences for sentence in each.sentences)


def classes(diff: StackDiff) -> list[str]:
    return list(dict.fromkeys(str(each.effect) for each in diff.consequences))


@pytest.mark.parametrize("change", seeded(), ids=lambda each: each.name)
def test_diff_classifies_a_change_explains_it_and_covers_each_line(change: Seeded) -> None:
    before, after, diff = render_seeded(change.name)
    assert classes(diff) == change.classes
    assert uncovered_lines(before, after, diff) == []
    for words in change.words:
        assert words in sentences(diff)


def test_seeded_changes_cover_every_class() -> None:
    assert {effect for change in seeded() for effect in change.classes} == set(map(str, Effect))


def test_seeded_changes_trigger_every_rule() -> None:
    """A rule that nothing triggers may be misspelt."""
    triggered = {each.rule for change in seeded() for each in render_seeded(change.name)[2].consequences}
    assert {rule.name for rule in RULES} - triggered == set()


@pytest.mark.parametrize("name", NAMES)
def test_stack_does_not_differ_from_itself(name: str) -> None:
    stack = render_settings(settings_of(name))
    assert stack_diff(name, stack, stack, TODAY) is None


@few_examples
@given(LOADABLE)
def test_any_stack_does_not_differ_from_itself(settings: Settings) -> None:
    stack = render_settings(settings)
    assert stack_diff("here", stack, render_settings(settings), TODAY) is None
    outcome = read(written({"here": stack}))["here"]
    assert isinstance(outcome, Rendered)
    assert stack_diff("here", stack, outcome, TODAY) is None


@few_examples
@given(LOADABLE, LOADABLE)
def test_diff_covers_every_changed_line_between_any_two_stacks(first: Settings, second: Settings) -> None:
    before, after = render_settings(first), render_settings(second)
    assert uncovered_lines(before, after, stack_diff("here", before, after, TODAY)) == []


def uncovered_lines(before: Rendered, after: Rendered, diff: StackDiff | None) -> list[str]:
    """Return the changed lines of all artefacts that no consequence lists among its changes."""
    changed_at = {change for each in diff.consequences for change in each.changes} if diff else set()
    old, new = ({each.identity: each for each in side.resources} for side in (before, after))
    both = [key for key in old if key in new and old[key] != new[key]]
    files = [all_artefacts(side[key] for key in both) for side in (old, new)]
    missing: list[str] = []
    for name in files[0] | files[1]:
        changes = [change for change in changed_at if change.artefact == name]
        changed_text = "\n".join(f"{change.path} {change.before} {change.after}" for change in changes)
        lines = [Counter(line.strip() for line in side.get(name, "").splitlines()) for side in files]
        different = (lines[0] - lines[1]) + (lines[1] - lines[0])
        if all(change.path for change in changes):
            missing += (
                f"{name}: {line}" for line in different if not any(word in changed_text for word in words_of(line))
            )
    return missing


def words_of(line: str) -> list[str]:
    """Return the keys and values of a line without YAML's escapes; for brackets and escapes only, one empty word."""
    return re.findall(r"[\w./-]*\w", re.sub(r"\\(x..|u.{4}|U.{8}|.)", " ", line)) or [""]


def test_words_of_a_line_leave_out_the_escapes_of_control_characters() -> None:
    assert words_of('note: "a\\x10b\\u2028\\') == ["note", "a", "b"]
    assert words_of("\\x10\\x10\\") == [""]


def test_snapshot_writes_a_secrets_name_instead_of_its_value() -> None:
    change = next(each for each in seeded() if each.name == "another kind of store")
    stack = replace(change, change={"objectStore": {"=": {"kind": "embedded", "bucket": "loki-here"}}}).rendered()[1]
    assert "(secret secretAccessKey)" in written({"here": stack})


def test_diff_classifies_a_change_without_a_rule_never_as_cosmetic() -> None:
    before = render_settings(settings_of("production"))
    for text in ({'"skipCrds": true': '"skipCrds": "novel"'}, {'"timeout": "2000ms"': '"timeout": "1ms"'}):
        diff = stack_diff("here", before, replaced(before, text), TODAY)
        if diff:
            assert diff.worst in (Effect.UNCLASSED, Effect.RESTART)


def test_diff_shows_a_stack_file_key_that_changes_no_artefact() -> None:
    """The code does not read this key yet."""
    before = render_settings(settings_of("production"))
    after = replaced(before, {'"settings": {': '"settings": {"novel": "1", '})
    assert classes(compare(before, after)) == ["unclassed"]
    assert "settings novel: none to 1" in sentences(compare(before, after))


def test_diff_classifies_a_loki_yaml_that_restarts_no_pod_as_unclassed() -> None:
    """The hash in the pods' annotations does not change: a bug that only the diff reveals."""
    before = render_settings(settings_of("production"))
    after = replaced(before, {"  log_level: info": "  log_level: debug"})
    assert classes(compare(before, after)) == ["unclassed"]
    assert "no pod loads it by itself" in sentences(compare(before, after))


def test_diff_classifies_a_change_of_plan_wording_as_cosmetic() -> None:
    before = render_settings(settings_of("production"))
    after = replaced(before, {"not managed by this stack": "not created by this stack"})
    assert classes(compare(before, after)) == ["cosmetic"]


def test_diff_classifies_an_added_stack_as_cost() -> None:
    diff = stack_diff("new", None, render_settings(settings_of("staging")), TODAY)
    assert diff
    assert (diff.change, diff.worst) == ("added", Effect.COST)
    assert "It requests CPU " in sentences(diff)


def test_diff_reports_that_a_removed_stack_runs_on_unmanaged() -> None:
    diff = stack_diff("old", render_settings(settings_of("staging")), None, TODAY)
    assert diff
    assert (diff.change, diff.worst) == ("removed", Effect.SECURITY)
    assert "unmanaged" in sentences(diff)


def test_worst_consequence_comes_first_and_decides_the_exit_code() -> None:
    before, after = (render_settings(changed(settings_of("production"), **keys)) for keys in ({}, {"retention": "7d"}))
    diff = Differences("a", "b", (), (compare(before, after),))
    assert diff.exit_code == EXIT_CODES[Effect.DATA_LOSS] == 15
    assert diff.stacks[0].consequences[0].effect == Effect.DATA_LOSS


def test_exit_codes_grow_with_the_class() -> None:
    assert [EXIT_CODES[effect] for effect in Effect] == sorted(EXIT_CODES.values(), reverse=True)


@pytest.mark.parametrize("form", FORMS)
def test_diff_prints_nothing_when_nothing_differs(form: Form) -> None:
    assert render_differences(Differences("a", "b", ("a note",), ()), form, 65536) == ""


def test_json_document_has_the_documented_keys() -> None:
    before, after = seeded()[0].rendered()
    document: dict[str, Any] = json.loads(
        render_differences(Differences("a", "b", (), (compare(before, after),)), "json", 65536)
    )
    assert document.keys() == {"format", "base", "head", "worst", "exitCode", "notes", "stacks"}
    assert (document["worst"], document["exitCode"]) == ("data-loss", 15)
    (stack,) = document["stacks"]
    assert stack.keys() == {
        *("stack", "change", "worst", "consequences", "restarts", "requests", "words", "settings"),
        *("resourcesRemoved", "resourcesAdded", "artefacts"),
    }
    assert stack["consequences"][0]["changes"] == [
        {
            "artefact": "loki.yaml",
            "path": "limits_config.retention_period",
            "before": "720h",
            "after": "336h",
        }
    ]
    assert {"workload": "StatefulSet loki-write", "pods": 3} in stack["restarts"]


def test_every_key_of_a_stack_file_reaches_an_artefact_or_has_a_rule() -> None:
    """This lists the top of the tree: review a new group, because its keys may change no artefact."""
    known = {path.split(".")[0].split("[")[0] for path, _ in keys()}
    assert known == {
        *("deploymentMode", "replicas", "replicationFactor", "retention", "schemaPeriods", "limits", "tenants"),
        *("retentionStreams", "structuredMetadata"),
        *("caches", "gateway", "size", "resources", "walReplayCeiling", "storageClass", "lokiVersion", "cluster"),
        *("ingest", "ingress", "objectStore", "formerObjectStore", "collector", "canary", "grafana", "charts"),
        *("loki", "alloy", "acknowledge"),
        *("images", "scheduling", "metadata", "autoscaling"),
        "acknowledge",
    }


def test_diff_classifies_a_back_dated_schema_period_as_data_loss() -> None:
    change = next(each for each in seeded() if each.name == "schema period added for later")
    before, after = change.rendered()
    diff = stack_diff("here", before, after, date(2027, 1, 2))
    assert diff
    assert diff.worst == Effect.DATA_LOSS


def without_nginx(stack: Rendered) -> Rendered:
    """Return the stack as older code wrote it: without the parts of nginx's snippets."""
    document = json.loads(written({"here": stack}))
    del document["stacks"]["here"]["nginx"]
    older = read(json.dumps(document))["here"]
    assert isinstance(older, Rendered)
    return older


def snippet_rules(diff: StackDiff) -> set[str]:
    """Return the rules, except restarts, that a snippet of the gateway's nginx triggers."""
    triggered = {each.rule for each in diff.consequences for change in each.changes if "Snippet" in change.path}
    return triggered - {"pods-restart"}


def test_diff_does_not_classify_a_snippet_for_delete_requests_as_access() -> None:
    before, after = (render_settings(changed(settings_of("production"), replicas={"backend": pods})) for pods in (1, 3))
    assert snippet_rules(compare(before, after)) == {"compacting-pod"}


def test_diff_classifies_a_snippet_as_access_when_a_side_does_not_split_it() -> None:
    before, after = (render_settings(changed(settings_of("production"), replicas={"backend": pods})) for pods in (1, 3))
    for older in ((without_nginx(before), after), (before, without_nginx(after))):
        assert snippet_rules(compare(*older)) == {"authentication"}


def test_stack_does_not_differ_from_its_older_revision_without_nginx_parts() -> None:
    stack = render_settings(settings_of("unusual"))
    assert stack_diff("here", without_nginx(stack), stack, TODAY) is None


def test_diff_classifies_a_snippet_as_access_when_no_known_part_differs() -> None:
    """A stack file can override our chart values in this way."""
    before = render_settings(settings_of("unusual"))
    document = json.loads(written({"here": before}))
    (chart,) = [each for each in document["stacks"]["here"]["resources"] if each["name"] == "loki"]
    chart["inputs"]["values"]["gateway"]["nginxConfig"]["serverSnippet"] = "allow all;"
    after = read(json.dumps(document))["here"]
    assert isinstance(after, Rendered)
    assert snippet_rules(compare(before, after)) == {"authentication"}

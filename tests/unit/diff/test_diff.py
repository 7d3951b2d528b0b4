"""`logstack diff`: the classes of seeded changes, what holds for any change, and what is not said."""

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

some = profile(max_examples=15, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink])
# What the checks let through: each copy has a writer of its own.
LOADABLE = stacks().filter(lambda settings: settings.replication_factor <= settings.writers)
FORMS: tuple[Form, ...] = ("text", "markdown", "json")


def rendered(settings: Settings) -> Rendered:
    return render(Stack("here", settings, (), (), "none"))


def difference(before: Rendered, after: Rendered) -> StackDiff:
    found = stack_diff("here", before, after, TODAY)
    assert found
    return found


@cache
def of_seeded(name: str) -> tuple[Rendered, Rendered, StackDiff]:
    """Both sides of a seeded change, and what differs."""
    before, after = next(each for each in seeded() if each.name == name).rendered()
    return before, after, difference(before, after)


def sentences(found: StackDiff) -> str:
    return "\n".join(sentence.text() for each in found.consequences for sentence in each.sentences)


def classes(found: StackDiff) -> list[str]:
    return list(dict.fromkeys(str(each.effect) for each in found.consequences))


@pytest.mark.parametrize("change", seeded(), ids=lambda each: each.name)
def test_a_change_has_its_classes_says_what_follows_and_accounts_for_each_line(change: Seeded) -> None:
    before, after, found = of_seeded(change.name)
    assert classes(found) == change.classes
    assert unaccounted(before, after, found) == []
    for words in change.words:
        assert words in sentences(found)


def test_the_table_has_every_class() -> None:
    assert {effect for change in seeded() for effect in change.classes} == set(map(str, Effect))


def test_every_rule_is_held_by_a_seeded_change() -> None:
    """A rule that nothing ever holds may be misspelt."""
    held = {each.rule for change in seeded() for each in of_seeded(change.name)[2].consequences}
    assert {rule.name for rule in RULES} - held == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_stack_does_not_differ_from_itself(name: str) -> None:
    stack = rendered(settings_of(name))
    assert stack_diff(name, stack, stack, TODAY) is None


@some
@given(LOADABLE)
def test_no_stack_differs_from_itself_whatever_it_says(settings: Settings) -> None:
    stack = rendered(settings)
    assert stack_diff("here", stack, rendered(settings), TODAY) is None
    outcome = read(written({"here": stack}))["here"]
    assert isinstance(outcome, Rendered)
    assert stack_diff("here", stack, outcome, TODAY) is None


@some
@given(LOADABLE, LOADABLE)
def test_every_changed_line_is_accounted_for_between_any_two_stacks(one: Settings, other: Settings) -> None:
    before, after = rendered(one), rendered(other)
    assert unaccounted(before, after, stack_diff("here", before, after, TODAY)) == []


def unaccounted(before: Rendered, after: Rendered, found: StackDiff | None) -> list[str]:
    """Lines of any artefact that only one side has, and that no consequence has among its changes."""
    changed_at = {change for each in found.consequences for change in each.changes} if found else set()
    old, new = ({each.identity: each for each in side.resources} for side in (before, after))
    both = [key for key in old if key in new and old[key] != new[key]]
    files = [all_artefacts(side[key] for key in both) for side in (old, new)]
    missing: list[str] = []
    for name in files[0] | files[1]:
        told = [change for change in changed_at if change.artefact == name]
        known = "\n".join(f"{change.path} {change.before} {change.after}" for change in told)
        lines = [Counter(line.strip() for line in side.get(name, "").splitlines()) for side in files]
        different = (lines[0] - lines[1]) + (lines[1] - lines[0])
        if all(change.path for change in told):
            missing += (f"{name}: {line}" for line in different if not any(word in known for word in words_of(line)))
    return missing


def words_of(line: str) -> list[str]:
    """Keys and values of a line; of one that only opens or closes something, nothing that could be missing."""
    return re.findall(r"[\w./-]*\w", line) or [""]


def test_the_place_of_a_secret_is_named() -> None:
    change = next(each for each in seeded() if each.name == "another kind of store")
    stack = replace(change, change={"objectStore": {"=": {"kind": "embedded", "bucket": "loki-here"}}}).rendered()[1]
    assert "(secret secretAccessKey)" in written({"here": stack})


def test_what_no_rule_knows_is_never_cosmetic() -> None:
    before = rendered(settings_of("production"))
    for text in ({'"skipCrds": true': '"skipCrds": "novel"'}, {'"timeout": "2000ms"': '"timeout": "1ms"'}):
        found = stack_diff("here", before, replaced(before, text), TODAY)
        if found:
            assert found.worst in (Effect.UNCLASSED, Effect.RESTART)


def test_a_key_of_the_stack_file_that_reaches_nothing_is_not_lost() -> None:
    """A key that the code has not been taught to read yet."""
    before = rendered(settings_of("production"))
    after = replaced(before, {'"settings": {': '"settings": {"novel": "1", '})
    assert classes(difference(before, after)) == ["unclassed"]
    assert "settings novel: none to 1" in sentences(difference(before, after))


def test_loki_yaml_that_restarts_no_pod_is_unclassed() -> None:
    """The hash in the pods' annotations stays: a mistake of the code that only the diff would see."""
    before = rendered(settings_of("production"))
    after = replaced(before, {"  log_level: info": "  log_level: debug"})
    assert classes(difference(before, after)) == ["unclassed"]
    assert "no pod loads it by itself" in sentences(difference(before, after))


def test_only_other_words_of_the_plan_are_cosmetic() -> None:
    before = rendered(settings_of("production"))
    after = replaced(before, {"not managed by this stack": "not created by this stack"})
    assert classes(difference(before, after)) == ["cosmetic"]


def test_a_stack_that_comes_costs_what_it_asks_for() -> None:
    found = stack_diff("new", None, rendered(settings_of("staging")), TODAY)
    assert found
    assert (found.change, found.worst) == ("added", Effect.COST)
    assert "It requests CPU " in sentences(found)


def test_a_stack_that_goes_runs_on_unmanaged() -> None:
    found = stack_diff("old", rendered(settings_of("staging")), None, TODAY)
    assert found
    assert (found.change, found.worst) == ("removed", Effect.SECURITY)
    assert "unmanaged" in sentences(found)


def test_the_worst_consequence_comes_first_and_decides_the_exit_code() -> None:
    before, after = (rendered(changed(settings_of("production"), **said)) for said in ({}, {"retention": "7d"}))
    found = Differences("a", "b", (), (difference(before, after),))
    assert found.exit_code == EXIT_CODES[Effect.DATA_LOSS] == 15
    assert found.stacks[0].consequences[0].effect == Effect.DATA_LOSS


def test_exit_codes_grow_with_the_class() -> None:
    assert [EXIT_CODES[effect] for effect in Effect] == sorted(EXIT_CODES.values(), reverse=True)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_printed_where_nothing_differs(form: Form) -> None:
    assert render_differences(Differences("a", "b", ("a note",), ()), form, 65536) == ""


def test_the_document_for_machines_has_the_keys_that_are_documented() -> None:
    before, after = seeded()[0].rendered()
    document: dict[str, Any] = json.loads(
        render_differences(Differences("a", "b", (), (difference(before, after),)), "json", 65536)
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
    """Of the top of the tree: a new group has to be looked at, for its keys may reach nothing."""
    known = {path.split(".")[0].split("[")[0] for path, _ in keys()}
    assert known == {
        *("deploymentMode", "replicas", "replicationFactor", "retention", "schemaPeriods", "limits", "tenants"),
        "retentionStreams",
        *("caches", "gateway", "size", "resources", "walReplayCeiling", "storageClass", "lokiVersion", "cluster"),
        *("ingest", "ingress", "objectStore", "formerObjectStore", "collector", "canary", "grafana", "charts"),
        "acknowledge",
    }


def test_the_day_decides_whether_a_schema_period_is_back_dated() -> None:
    change = next(each for each in seeded() if each.name == "schema period added for later")
    before, after = change.rendered()
    found = stack_diff("here", before, after, date(2027, 1, 2))
    assert found
    assert found.worst == Effect.DATA_LOSS


def without_nginx(stack: Rendered) -> Rendered:
    """The stack as code wrote it that did not tell the lines of nginx's snippets apart."""
    document = json.loads(written({"here": stack}))
    del document["stacks"]["here"]["nginx"]
    older = read(json.dumps(document))["here"]
    assert isinstance(older, Rendered)
    return older


def rules_of_snippets(found: StackDiff) -> set[str]:
    """The rules, but for restarts, that a snippet of the gateway's nginx holds by."""
    held = {each.rule for each in found.consequences for change in each.changes if "Snippet" in change.path}
    return held - {"pods-restart"}


def test_a_snippet_about_delete_requests_is_no_matter_of_access() -> None:
    before, after = (rendered(changed(settings_of("production"), replicas={"backend": pods})) for pods in (1, 3))
    assert rules_of_snippets(difference(before, after)) == {"compacting-pod"}


def test_a_snippet_that_an_older_revision_does_not_tell_apart_counts_as_access() -> None:
    before, after = (rendered(changed(settings_of("production"), replicas={"backend": pods})) for pods in (1, 3))
    for older in ((without_nginx(before), after), (before, without_nginx(after))):
        assert rules_of_snippets(difference(*older)) == {"authentication"}


def test_an_older_revision_of_the_same_stack_does_not_differ() -> None:
    stack = rendered(settings_of("unusual"))
    assert stack_diff("here", without_nginx(stack), stack, TODAY) is None


def test_a_snippet_that_differs_in_nothing_that_is_told_apart_counts_as_access() -> None:
    """As by values of the chart that a stack file writes over ours."""
    before = rendered(settings_of("unusual"))
    document = json.loads(written({"here": before}))
    (chart,) = [each for each in document["stacks"]["here"]["resources"] if each["name"] == "loki"]
    chart["inputs"]["values"]["gateway"]["nginxConfig"]["serverSnippet"] = "allow all;"
    after = read(json.dumps(document))["here"]
    assert isinstance(after, Rendered)
    assert rules_of_snippets(difference(before, after)) == {"authentication"}

"""Every mistake, and what a person is told about it: the pairs stand in messages.md."""

import re
from pathlib import Path

import pytest

from logstack.docsgen.stack_file_reference import all_rules
from logstack.settings import checks
from logstack.settings.checks.acknowledgements import OF_CLUSTER
from logstack.settings.problems import Rule
from tests.unit.settings.stacks import told

PAGE = Path(__file__).with_name("messages.md").read_text()
MESSAGES = re.findall(r"## ([^\n]+)\n\n```yaml\n(.*?)\n```\n\n```text\n(.*?)\n```", PAGE, re.DOTALL)
# Rules that need more than one stack's keys, or a cluster: their messages are in test_checks.py, test_load.py,
# test_source.py, test_stack_file.py and tests/unit/components/test_questions.py.
ELSEWHERE = {
    *(rule.name for rule in OF_CLUSTER),
    "bucket-shared",
    "chart-archive-differs",
    "disputed-number",
    "empty-value",
    "half-credentials",
    "key-twice",
    "missing-credentials",
    "no-config",
    "not-yaml",
    "other-project",
    "too-many-tenants",
    "unexpected-secret",
    "unknown-stack",
}


@pytest.mark.parametrize(("stack", "text"), [pytest.param(*rest, id=name) for name, *rest in MESSAGES])
def test_a_mistake_is_told_in_these_words_and_nothing_else_is(stack: str, text: str) -> None:
    assert told(stack) == text


def test_every_section_of_the_page_is_read() -> None:
    assert len(MESSAGES) == PAGE.count("\n## ")


def test_every_rule_has_a_message() -> None:
    shown = set(re.findall(r"^(?:error|warning)\[(\S+)\] \S+$", PAGE, re.MULTILINE))
    assert shown | ELSEWHERE == {rule.name for rule in all_rules()}
    assert not shown & ELSEWHERE


def test_rules_have_names_of_their_own_and_consequences_that_go_on_after_a_colon() -> None:
    rules = all_rules()
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.name)
        assert not rule.consequence.endswith(".")


def test_the_registry_of_the_checks_knows_each_of_their_rules_by_name() -> None:
    assert all(checks.rules()[rule.name] is rule for rule in checks.rules().values())
    assert all(isinstance(rule, Rule) for rule in checks.rules().values())

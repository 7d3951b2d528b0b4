"""The message of every mistake: messages.md has both."""

import re
from pathlib import Path

import pytest

from logstack.docsgen.stack_file_reference import all_rules
from logstack.settings import checks
from logstack.settings.checks.acknowledgements import OF_CLUSTER
from logstack.settings.problems import Rule
from tests.unit.settings.stacks import messages_for

PAGE = Path(__file__).with_name("messages.md").read_text()
MESSAGES = re.findall(r"## ([^\n]+)\n\n```yaml\n(.*?)\n```\n\n```text\n(.*?)\n```", PAGE, re.DOTALL)
# Rules that need more than one stack's keys, or a cluster: their messages are in test_checks.py, test_load.py,
# test_source.py, test_stack_file.py, tests/unit/components/test_config.py and tests/unit/preflight/test_questions.py.
ELSEWHERE = {
    *(rule.name for rule in OF_CLUSTER),
    "bucket-shared",
    "chart-archive-differs",
    "chart-dependencies-missing",
    "disputed-number",
    "empty-value",
    "environment-not-read",
    "half-credentials",
    "key-twice",
    "missing-credentials",
    "no-config",
    "not-yaml",
    "other-project",
    "passed-value-refused",
    "too-many-tenants",
    "unexpected-secret",
    "unknown-stack",
}


@pytest.mark.parametrize(("changes", "text"), [pytest.param(*texts, id=name) for name, *texts in MESSAGES])
def test_message_equals_its_section_of_the_page(changes: str, text: str) -> None:
    assert messages_for(changes) == text


def test_page_has_no_unread_section() -> None:
    assert len(MESSAGES) == PAGE.count("\n## ")


def test_page_has_a_message_for_every_rule() -> None:
    shown = set(re.findall(r"^(?:error|warning)\[(\S+)\] \S+$", PAGE, re.MULTILINE))
    assert shown | ELSEWHERE == {rule.name for rule in all_rules()}
    assert not shown & ELSEWHERE


def test_rules_have_unique_names_and_consequences_without_a_full_stop() -> None:
    rules = all_rules()
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.name)
        assert not rule.consequence.endswith(".")


def test_registry_of_checks_has_every_rule_under_its_name() -> None:
    assert all(checks.rules()[rule.name] is rule for rule in checks.rules().values())
    assert all(isinstance(rule, Rule) for rule in checks.rules().values())

"""The pinned Alloy's parser reads every config.alloy, and its formatter changes nothing."""

import pytest
from hypothesis import assume, given
from hypothesis import settings as profile

from logstack.manifests.alloy.syntax import Block, document
from logstack.settings.tree import Settings
from tests.support.generated import TEXTS, stacks
from tests.support.real import binary, run
from tests.support.stacks import NAMES, data, declarations, settings_of

pytestmark = pytest.mark.real


def formatted(text: str) -> str:
    answer = run([binary("alloysyntax"), "-fmt"], text)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def config_alloy(settings: Settings, collector: str = "alloy") -> str:
    return data(declarations(settings), f"alloy/{collector}-config")


@pytest.mark.parametrize("stack", NAMES)
def test_alloys_formatter_changes_nothing_in_a_stacks_files(stack: str) -> None:
    settings = settings_of(stack)
    for release in ("alloy", "alloy-events")[: 1 + settings.collector.sources.events]:
        text = config_alloy(settings, release)
        assert formatted(text) == text


@profile(max_examples=60)
@given(stacks())
def test_alloys_formatter_changes_nothing_in_the_files_of_any_settings(stack: Settings) -> None:
    assume(stack.collector.enabled)
    text = config_alloy(stack)
    assert formatted(text) == text


@profile(max_examples=100)
@given(TEXTS)
def test_alloys_parser_reads_any_quoted_text(text: str) -> None:
    written = document([Block("a.b", "c", {"texts": [text, ""], "object": {"key": text}, "x": text})])
    assert formatted(written) == written


BROKEN = [
    ('"spec.nodeName=" +', '"spec.nodeName="'),
    ("stage.docker { }", "stage.docker {"),
    ("forward_to = [loki.write.default.receiver]", "forward_to = [loki.write.default.receiver"),
    ('role = "pod"', "role = 'pod'"),
]


@pytest.mark.parametrize(("right", "wrong"), BROKEN)
def test_alloys_parser_refuses_broken_syntax(right: str, wrong: str) -> None:
    text = config_alloy(settings_of("production"))
    assert right in text
    answer = run([binary("alloysyntax")], text.replace(right, wrong))
    assert answer.returncode == 1
    assert answer.stderr.split(":")[0].isdigit()

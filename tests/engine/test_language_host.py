"""What people see of a program that ends with an error: the real `pulumi`, and the language host that it runs."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.engine import Project, answered
from tests.support.stacks import ROOT

# A release of Pulumi has the host beside the engine; the Go module of the engine has none.
pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(
        not shutil.which("pulumi-language-python"),
        reason="pulumi-language-python is not on PATH: ci/pulumi installs Pulumi with its language hosts",
    ),
]


@pytest.fixture
def hosted(platform: Project) -> Project:
    """The project with a program that the language host runs."""
    (platform.folder / "__main__.py").write_text(answered(ROOT / "__main__.py"))
    (platform.folder / ".venv").symlink_to(Path(sys.prefix))
    return platform


def diagnostics(output: str) -> str:
    """Return what Pulumi lists as diagnostics, without its own words about where the language host is."""
    section = re.split(r"\n(?:Outputs|Resources):\n", output.partition("\nDiagnostics:\n")[2])[0]
    return re.sub(r" *warning: using pulumi-language-python from .*\n", "", section).rstrip()


def test_every_problem_is_shown_once_and_nothing_else(hosted: Project) -> None:
    hosted.edit("staging", {"retention": "12h", "replicationFactor": 2})
    failed, output = hosted.by_hand("staging", "preview")
    assert failed
    shown = diagnostics(output)
    severities = re.findall(r"^    (\w+): (\[[a-z-]+\])?", shown, re.MULTILINE)
    assert severities == [("error", "[retention-too-short]"), ("warning", "[replication-survives-no-lost-writer]")]
    assert re.match(
        r"  pulumi:pulumi:Stack \(logstack-staging\):\n"
        r"    error: \[retention-too-short\] Pulumi\.staging\.yaml:\d+: logstack:retention\n"
        r"      what: retention is too short: 12h \(at least 1d\)\n",
        shown,
    )
    for words in ("Traceback", "unhandled", "exit code"):
        assert words not in output


def test_chart_that_cannot_be_had_gives_an_error_and_no_traceback(hosted: Project) -> None:
    hosted.edit("staging", {"charts": {"loki": {"path": "charts/no-such-chart"}}})
    failed, output = hosted.by_hand("staging", "preview")
    assert failed
    shown = diagnostics(output)
    assert "resource 'loki' has a problem: chart charts/no-such-chart" in shown
    for words in ("Traceback", "KeyboardInterrupt", "unhandled"):
        assert words not in output
    assert len(shown.splitlines()) <= 1 + 3, "a line for each chart"


def test_update_that_fails_halfway_shows_the_providers_error_and_no_traceback(hosted: Project) -> None:
    hosted.kubernetes.fail_at = "loki-canary"
    failed, output = hosted.by_hand("staging", "up", "--yes", "--skip-preview")
    assert failed
    assert "error: the stand-in fails at loki-canary" in diagnostics(output)
    for words in ("Traceback", "KeyboardInterrupt", "unhandled"):
        assert words not in output


def test_stack_without_mistakes_is_deployed(hosted: Project) -> None:
    failed, output = hosted.by_hand("staging", "up", "--yes", "--skip-preview")
    assert not failed, output
    assert diagnostics(output) in ("", "  pulumi:pulumi:Stack (logstack-staging):")

"""`logstack plan --against`: another stack, a folder, or a git revision."""

import json
import subprocess
from pathlib import Path

import pytest

from logstack.diff.against import compare_with, render_comparison
from logstack.diff.comparison import Difference
from logstack.diff.text import comparison_text
from logstack.render.revisions import NotFoundError
from logstack.settings.problems import StackProblems
from logstack.text.layout import terminal
from tests.support import golden
from tests.support.stacks import ROOT

STACK = """\
config:
  logstack:cluster: {name: here, context: here, apiServer: https://10.0.0.2:6443}
  logstack:objectStore: {kind: s3-compatible, endpoint: http://10.0.0.1:9000, bucket: loki-here, credentialsSecret: key}
  logstack:acknowledge: [simple-scalable-ends-with-loki-4]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a stack, under git, committed once."""
    write(tmp_path, STACK)
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def git(directory: Path, *arguments: str) -> None:
    author = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", directory, *author, *arguments], check=True)


def write(directory: Path, text: str) -> None:
    directory.mkdir(exist_ok=True)
    (directory / "Pulumi.here.yaml").write_text(text)


def test_comparison_text_equals_its_golden_file(project: Path, request: pytest.FixtureRequest) -> None:
    write(project, f"{STACK}  logstack:retention: 7d\n  logstack:replicas: {{write: 4}}\n")
    text = comparison_text(compare_with("here", "HEAD", project), terminal(100))
    without_diffs = text[: text.index("\nloki.yaml")]
    golden.check(Path(__file__).parent / "golden" / "plan-against.txt", without_diffs, request)


def test_stack_does_not_differ_from_itself() -> None:
    same = compare_with("production", "production", ROOT)
    assert same.is_empty
    assert "Nothing differs." in comparison_text(same, terminal(100))


def test_comparison_shows_a_changed_key_in_words_settings_and_artefacts(project: Path) -> None:
    write(project, f"{STACK}  logstack:retention: 7d\n")
    comparison = compare_with("here", "HEAD", project)
    assert (comparison.before, comparison.after) == ("here at HEAD", "here")
    assert comparison.settings == (Difference("retention", "30d", "7d"),)
    assert Difference("storage: queries", "look back 30d", "look back 7d") in comparison.words
    config = next(diff for diff in comparison.artefacts if diff.name == "loki.yaml")
    assert config.effect == "restarts the Loki pods, one after the other"
    assert "-  retention_period: 720h" in config.lines
    assert "+  retention_period: 168h" in config.lines


def test_comparison_of_a_limit_changes_overrides_and_restarts_nothing(project: Path) -> None:
    write(project, f"{STACK}  logstack:limits: {{maxStreams: 20000}}\n")
    comparison = compare_with("here", "HEAD", project)
    assert [(diff.name, diff.effect) for diff in comparison.artefacts] == [
        ("overrides.yaml", "Loki reads it within ten seconds; no pod restarts")
    ]


def test_comparison_lists_added_and_removed_resources_without_secrets(project: Path) -> None:
    write(project, STACK.replace(", credentialsSecret: key", "") + "  logstack:canary: {enabled: false}\n")
    comparison = compare_with("here", "HEAD", project)
    assert Difference("canary.enabled", "true", "false") in comparison.settings
    assert comparison.resources_added == ("store-credentials  kubernetes:core/v1:Secret",)
    assert comparison.resources_removed == (
        "canary  kubernetes:apps/v1:DaemonSet",
        "canary-metrics  kubernetes:core/v1:Service",
    )


def test_comparison_shows_a_secrets_name_instead_of_its_value(project: Path) -> None:
    second_folder = project / "other"
    for directory, namespace in ((project, "logs"), (second_folder, "monitoring")):
        text = STACK.replace(", credentialsSecret: key", "").replace(
            "context: here", f"context: here, namespace: {namespace}"
        )
        write(directory, text)
    lines = {diff.name: diff.lines for diff in compare_with("here", str(second_folder), project).artefacts}
    assert lines["loki-s3-credentials.secret.yaml"][1:] == (
        "     app.kubernetes.io/part-of: logstack",
        "     app.kubernetes.io/managed-by: pulumi",
        "-  namespace: monitoring",
        "+  namespace: logs",
        " stringData:",
        "   AWS_ACCESS_KEY_ID: (secret accessKeyId)",
    )


def test_comparison_reads_the_same_stack_from_another_folder(project: Path) -> None:
    second_folder = project / "other"
    write(second_folder, STACK.replace("name: here", "name: there"))
    text = comparison_text(compare_with("here", str(second_folder), project), terminal(400))
    assert f"From here in {second_folder} (-) to here (+)" in text
    assert "cluster.name  there -> here" in text


def test_comparison_reads_the_file_of_the_revision(project: Path) -> None:
    write(project, f"{STACK}  logstack:retention: 7d\n")
    git(project, "commit", "--quiet", "--all", "--message", "second")
    assert compare_with("here", "HEAD", project).is_empty
    assert compare_with("here", "HEAD~1", project).settings == (Difference("retention", "30d", "7d"),)


def test_comparison_reads_a_revision_below_the_top_of_the_repository(tmp_path: Path) -> None:
    below = tmp_path / "stacks"
    write(below, STACK)
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    assert compare_with("here", "main", below).is_empty


def test_comparison_refuses_an_unknown_target_with_the_known_stacks(project: Path) -> None:
    with pytest.raises(NotFoundError, match=r'^"nowhere" is neither a stack \(here\) nor a folder nor a git revision$'):
        compare_with("here", "nowhere", project)
    with pytest.raises(NotFoundError, match="is neither a stack"):
        compare_with("here", "--output=x", project)


def test_comparison_refuses_a_revision_without_the_file(project: Path) -> None:
    (project / "Pulumi.new.yaml").write_text(STACK.replace("loki-here", "loki-new"))
    with pytest.raises(NotFoundError, match=r'^revision "HEAD" has no file Pulumi\.new\.yaml$'):
        compare_with("new", "HEAD", project)


def test_comparison_reports_problems_of_the_target_stack(project: Path) -> None:
    second_folder = project / "other"
    write(second_folder, f"{STACK}  logstack:retentoin: 7d\n")
    with pytest.raises(StackProblems, match="retention"):
        compare_with("here", str(second_folder), project)


def test_comparison_document_has_the_content_of_the_text(project: Path) -> None:
    write(project, f"{STACK}  logstack:retention: 7d\n")
    document = json.loads(render_comparison(compare_with("here", "HEAD", project), as_json=True))
    assert document.keys() == {
        *("before", "after", "words", "settings"),
        *("resourcesRemoved", "resourcesAdded", "artefacts"),
    }
    assert document["settings"] == [{"of": "retention", "before": "30d", "after": "7d"}]
    assert {diff["name"] for diff in document["artefacts"]} == {"loki.yaml", "loki-values.yaml"}

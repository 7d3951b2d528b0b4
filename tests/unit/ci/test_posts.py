"""`ci/comment` and `ci/issue` against a stand-in for GitHub and GitLab on loopback."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from logstack.ci.posts import COMMENT_MARKER, PostError, comment, issue
from logstack.diff.markdown import MARKER
from tests.unit.ci.conftest import TOKEN, Forge, Machine

TEXT = f"{COMMENT_MARKER}\n### production\n"
DRIFT_MARKER = "<!-- logstack-drift: production -->"


@dataclass(frozen=True)
class Kind:
    """One of the two forges: its paths, methods and keys, and the environment of a job."""

    author: str
    comments: str
    comment: str
    edit: str
    issue: str
    issue_text: str
    closed: Mapping[str, str]
    environment: Callable[[Forge], dict[str, str]]


def github(forge: Forge) -> dict[str, str]:
    names = {"GITHUB_API_URL": forge.url, "GITHUB_REPOSITORY": "acme/logs"}
    return {**names, "GITHUB_TOKEN": TOKEN, "PULL_REQUEST": "7"}


def gitlab(forge: Forge) -> dict[str, str]:
    return {"CI_API_V4_URL": forge.url, "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "7", "GITLAB_TOKEN": TOKEN}


KINDS = {
    "GitHub": Kind(
        author="github-actions[bot]",
        comments="/repos/acme/logs/issues/7/comments",
        comment="/repos/acme/logs/issues/comments/{}",
        edit="PATCH",
        issue="/repos/acme/logs/issues/1",
        issue_text="body",
        closed={"state": "closed"},
        environment=github,
    ),
    "GitLab": Kind(
        author="robot",
        comments="/projects/42/merge_requests/7/notes",
        comment="/projects/42/merge_requests/7/notes/{}",
        edit="PUT",
        issue="/projects/42/issues/1",
        issue_text="description",
        closed={"state_event": "close"},
        environment=gitlab,
    ),
}


@pytest.fixture(params=["GitHub", "GitLab"])
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def test_comment_creates_a_comment_for_the_first_text(kind: Kind, forge: Forge) -> None:
    forge.post("a comment by somebody", kind.author)
    assert comment(TEXT, kind.environment(forge)) == "created comment 2"
    assert forge.writes == [f"POST {kind.comments}"]
    assert forge.requests[-1].document == {"body": TEXT}


def test_comment_edits_its_own_comment_on_any_page(kind: Kind, forge: Forge) -> None:
    for number in range(4):
        forge.post(f"word {number}", kind.author)
    own_comment = forge.post(TEXT, kind.author)
    assert comment(f"{COMMENT_MARKER}\nother", kind.environment(forge)) == "edited comment 5"
    assert forge.writes == [f"{kind.edit} {kind.comment.format(own_comment['id'])}"]
    assert forge.requests[-1].document == {"body": f"{COMMENT_MARKER}\nother"}


def test_comment_leaves_one_line_when_nothing_differs_any_more(kind: Kind, forge: Forge) -> None:
    own_comment = forge.post(TEXT, kind.author)
    comment("\n", kind.environment(forge))
    assert forge.writes == [f"{kind.edit} {kind.comment.format(own_comment['id'])}"]
    assert forge.requests[-1].document == {"body": f"{COMMENT_MARKER}\nNo stack differs any more.\n"}


def test_comment_posts_nothing_when_nothing_differs(kind: Kind, forge: Forge) -> None:
    assert comment("", kind.environment(forge)) == "nothing differs, and there is no comment"
    assert forge.writes == []


def test_comment_ignores_the_marker_in_a_comment_by_another_author(kind: Kind, forge: Forge) -> None:
    forge.post(TEXT, "stranger")
    comment(TEXT, kind.environment(forge))
    assert forge.writes == [f"POST {kind.comments}"]


def test_comment_ignores_the_marker_inside_a_text(forge: Forge) -> None:
    forge.post(f"As in\n{COMMENT_MARKER}\nabove")
    comment(TEXT, github(forge))
    assert forge.writes == ["POST /repos/acme/logs/issues/7/comments"]


def test_comment_adds_the_marker_when_the_text_has_none(forge: Forge) -> None:
    comment("### production\n", github(forge))
    assert forge.requests[-1].document == {"body": TEXT}


def test_comment_marker_is_the_one_that_logstack_diff_writes() -> None:
    assert COMMENT_MARKER == MARKER


def test_comment_edits_as_the_author_of_the_token(forge: Forge) -> None:
    forge.post(TEXT, "me")
    comment(TEXT, github(forge) | {"POST_AUTHOR": "me"})
    assert forge.writes == ["PATCH /repos/acme/logs/issues/comments/1"]


def test_comment_cuts_a_long_text_at_a_line(forge: Forge) -> None:
    comment("\n".join([COMMENT_MARKER, *["x" * 99] * 1000]), github(forge))
    body = forge.requests[-1].document["body"]
    assert 65_000 < len(body) <= 65_536
    assert body.endswith("x\n\n(Cut here: the complete text is in the job's log.)\n")


def test_issue_is_created_edited_and_closed_with_drift(kind: Kind, forge: Forge) -> None:
    assert issue("production", "", kind.environment(forge)) == "no drift, and no issue is open"
    assert issue("production", "3 to update\n", kind.environment(forge)) == "created issue 1"
    assert forge.requests[-1].document == {
        "title": "Drift of production",
        kind.issue_text: f"{DRIFT_MARKER}\n3 to update\n",
    }
    forge.posts.clear()
    forge.post(f"{DRIFT_MARKER}\n3 to update\n", kind.author, kind.issue_text)
    assert issue("production", "4 to update\n", kind.environment(forge)) == "edited issue 1"
    assert forge.writes[-1] == f"{kind.edit} {kind.issue}"
    assert issue("production", "", kind.environment(forge)) == "closed issue 1"
    assert (forge.writes[-1], forge.requests[-1].document) == (f"{kind.edit} {kind.issue}", kind.closed)


def test_issue_of_another_stack_is_left_alone(forge: Forge) -> None:
    forge.post(DRIFT_MARKER)
    assert issue("staging", "", github(forge)) == "no drift, and no issue is open"


@pytest.mark.parametrize(
    ("status", "explanation"),
    [
        (301, "the repository has moved"),
        (401, "the token is wrong or has expired"),
        (403, "the token lacks permission"),
        (404, "the pull request or project does not exist"),
        (422, "the forge rejects this text"),
        (502, "status page"),
    ],
)
def test_comment_explains_a_refusal_in_one_line_without_the_token(
    status: int, explanation: str, forge: Forge, machine: Machine
) -> None:
    forge.status = status
    (machine.folder / "diff.md").write_text(TEXT)
    answer = machine.run_script("comment", "diff.md", **github(forge))
    assert answer.code == 1
    assert answer.stderr.count("\n") == 1
    assert f"{status} " in answer.stderr
    assert explanation in answer.stderr
    assert TOKEN not in answer.stdout + answer.stderr
    assert len(forge.requests) == 1, "a redirection was followed"


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "GITHUB_REPOSITORY", "PULL_REQUEST"])
def test_comment_names_a_variable_that_is_not_set(missing: str, forge: Forge) -> None:
    with pytest.raises(PostError, match=f"^{missing} is not set"):
        comment(TEXT, github(forge) | {missing: ""})
    assert forge.requests == []


def test_comment_names_a_forge_that_does_not_answer(forge: Forge) -> None:
    with pytest.raises(PostError, match=r"^http://127\.0\.0\.1:1 cannot be reached"):
        comment(TEXT, github(forge) | {"GITHUB_API_URL": "http://127.0.0.1:1"})


def test_comment_refuses_an_invalid_api_address(forge: Forge) -> None:
    with pytest.raises(PostError, match=r"^file:///etc is not an API address"):
        comment(TEXT, github(forge) | {"GITHUB_API_URL": "file:///etc"})


def test_comment_sends_the_token_to_no_second_server(forge: Forge) -> None:
    for _ in range(3):
        forge.post("a word")
    forge.next_page = "http://127.0.0.1:1"
    with pytest.raises(PostError, match="on another server"):
        comment(TEXT, github(forge))


def test_comment_exits_with_2_when_the_file_is_missing(machine: Machine) -> None:
    answer = machine.run_script("comment", "absent.md")
    assert answer.code == 2
    assert "absent.md: No such file" in answer.stderr


def test_issue_script_needs_only_python(forge: Forge, machine: Machine) -> None:
    (machine.folder / "drift.md").write_text("3 to update\n")
    # Without its site-packages.
    machine.install_program("bare-python", f'#!/bin/sh\nexec "{sys.base_prefix}/bin/python3" -S "$@"\n')
    answer = machine.run_script("issue", "production", "drift.md", PYTHON="bare-python", **github(forge))
    assert (answer.code, answer.stdout) == (0, "ci/issue: created issue 1\n"), answer.stderr


def test_newest_passes_a_run_of_the_newest_commit(forge: Forge, machine: Machine) -> None:
    forge.newest = "a" * 40
    assert machine.run_script("newest", "main", GITHUB_SHA="a" * 40, **github(forge)).code == 0
    assert forge.requests[-1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_newest_refuses_a_run_of_an_older_commit(forge: Forge, machine: Machine) -> None:
    forge.newest = "b" * 40
    answer = machine.run_script("newest", "main", GITHUB_SHA="a" * 40, **github(forge))
    assert answer.code == 1
    assert (
        answer.stderr
        == f"error: ci/newest: main is at {'b' * 40}, and this run is of {'a' * 40}: deploy the newer one\n"
    )


def test_newest_refuses_the_run_when_the_newest_commit_is_unknown(forge: Forge, machine: Machine) -> None:
    forge.status = 404
    answer = machine.run_script("newest", "main", GITHUB_SHA="a" * 40, **github(forge))
    assert answer.code == 1
    assert "whether" in answer.stderr
    assert TOKEN not in answer.stderr

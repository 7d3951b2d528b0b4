"""Rules for the workflows of GitHub and GitLab, checked in their files."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.stacks import ROOT, SHIPPED

Document = dict[str, Any]

SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"
SAME_PROJECT = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID"


class GitHubLoader(yaml.SafeLoader):
    """A loader that reads `on` as text: YAML 1.1 reads it as true."""


GitHubLoader.yaml_implicit_resolvers = {
    letter: [each for each in resolvers if each[0] != "tag:yaml.org,2002:bool" or letter in "tTfF"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

WORKFLOW_FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTION_FILES = sorted((ROOT / ".github/actions").glob("*/action.yml"))
WORKFLOWS: dict[str, Document] = {
    path.stem: yaml.load(path.read_text(), GitHubLoader)  # noqa: S506 - a safe loader, but for one word
    for path in WORKFLOW_FILES
}
ACTIONS: dict[str, Document] = {path.parent.name: yaml.safe_load(path.read_text()) for path in ACTION_FILES}
GITLAB: Document = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())


@dataclass(frozen=True)
class Job:
    """A job of a GitHub workflow."""

    workflow: str
    name: str
    content: Document

    def __str__(self) -> str:
        return f"{self.workflow}/{self.name}"

    @property
    def text(self) -> str:
        return yaml.safe_dump(self.content, width=1000)

    @property
    def permissions(self) -> dict[str, str]:
        permissions: dict[str, str] = self.content["permissions"]
        return permissions

    @property
    def runs_for_forks(self) -> bool:
        """Whether a pull request of a fork starts the job: it has no condition on the repository."""
        return "pull_request" in WORKFLOWS[self.workflow]["on"] and SAME_REPOSITORY not in str(self.content.get("if"))


JOBS = [Job(name, job, content) for name, workflow in WORKFLOWS.items() for job, content in workflow["jobs"].items()]
each_job = pytest.mark.parametrize("job", JOBS, ids=str)
DEPLOY_JOBS = [job for job in JOBS if "ci/deploy" in job.text]

# The write permissions of each job. No job may write to the repository.
MAY_WRITE = {
    "pull-request/comment": {"pull-requests"},
    "preview/preview": {"id-token"},
    "deploy/staging": {"id-token"},
    "deploy/production": {"id-token"},
    "drift/drift": {"id-token", "issues"},
}


STEPS = [
    *(step for job in JOBS for step in job.content.get("steps", [])),
    *(step for action in ACTIONS.values() for step in action["runs"]["steps"]),
]
each_step = pytest.mark.parametrize("step", STEPS)


def test_all_workflows_are_known() -> None:
    assert set(WORKFLOWS) == {"test", "pull-request", "preview", "deploy", "drift"}


def test_no_workflow_runs_code_of_a_fork_with_the_rights_of_this_repository() -> None:
    triggers = {trigger for workflow in WORKFLOWS.values() for trigger in workflow["on"]}
    assert triggers == {"pull_request", "push", "schedule", "workflow_call", "workflow_dispatch"}


@pytest.mark.parametrize("job", [job for job in JOBS if job.runs_for_forks], ids=str)
def test_job_started_by_a_fork_has_no_secret_no_environment_and_no_write_token(job: Job) -> None:
    assert "secrets" not in job.text
    assert "environment" not in job.content
    assert "LOGSTACK_RUNNER" not in job.text, "a fork's code would run on a machine of ours"
    assert set(job.permissions.values()) == {"read"}


def test_fork_starts_only_the_tests_and_the_offline_diff() -> None:
    assert [str(job) for job in JOBS if job.runs_for_forks] == ["pull-request/test", "pull-request/diff"]


def test_called_workflows_get_no_secret() -> None:
    called = [job for job in JOBS if "uses" in job.content]
    assert [str(job) for job in called] == ["deploy/test", "pull-request/test"]
    assert not any("secrets" in job.content for job in called)
    assert "secrets" not in str(WORKFLOWS["test"])


def test_job_that_writes_to_pull_requests_checks_out_the_base() -> None:
    (job,) = (job for job in JOBS if "pull-requests" in job.permissions)
    (checkout,) = (step for step in job.content["steps"] if "checkout" in step.get("uses", ""))
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_workflow_grants_no_permission_by_default(workflow: str) -> None:
    assert WORKFLOWS[workflow]["permissions"] == {}


@each_job
def test_job_may_write_only_what_it_needs(job: Job) -> None:
    writes = {scope for scope, level in job.permissions.items() if level != "read"}
    assert writes == MAY_WRITE.get(str(job), set())
    assert job.permissions["contents"] == "read"


@each_job
def test_job_has_a_timeout(job: Job) -> None:
    assert "uses" in job.content or job.content["timeout-minutes"] <= 120


def action_uses() -> list[tuple[Path, str]]:
    lines = [
        (file, line)
        for file in (*WORKFLOW_FILES, *ACTION_FILES)
        for line in re.findall(r"uses: (.*)", file.read_text())
    ]
    return [(file, line) for file, line in lines if not line.startswith("./")]


def test_every_action_is_pinned_to_a_commit_with_its_version() -> None:
    assert action_uses()
    for file, line in action_uses():
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), (file.name, line)


def test_action_has_the_same_pin_everywhere() -> None:
    pins = {line for _, line in action_uses()}
    assert len({line.partition("@")[0] for line in pins}) == len(pins)


@each_step
def test_checkout_leaves_no_token_behind(step: Document) -> None:
    if "actions/checkout" in step.get("uses", ""):
        assert step["with"]["persist-credentials"] is False


@each_step
def test_no_expression_is_pasted_into_a_shell(step: Document) -> None:
    assert "${{" not in step.get("run", "")


def script_names(*files: Path) -> set[str]:
    return {name for file in files for name in re.findall(r"\bci/[a-z-]+", file.read_text())}


GITHUB_SCRIPTS = script_names(*WORKFLOW_FILES, *ACTION_FILES)
GITLAB_SCRIPTS = script_names(ROOT / ".gitlab-ci.yml")


@pytest.mark.parametrize("name", sorted(GITHUB_SCRIPTS | GITLAB_SCRIPTS))
def test_every_script_in_a_workflow_exists_and_is_executable(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)
    assert (ROOT / name).read_text().startswith("#!/usr/bin/env bash\n")


def test_every_script_is_used_by_both_forges() -> None:
    assert {f"ci/{path.name}" for path in (ROOT / "ci").iterdir()} == GITHUB_SCRIPTS
    # GitLab refuses outdated deployments by itself.
    assert {"ci/newest"} == GITHUB_SCRIPTS - GITLAB_SCRIPTS


def test_every_make_target_in_a_workflow_exists() -> None:
    targets = set(re.findall(r"\bmake (?:--silent )?(\S+)", "\n".join(step.get("run", "") for step in STEPS)))
    assert targets == {"lint", "fast", ".venv/installed"}
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE) for target in targets)


def deployed_stack(job: Job) -> str:
    (stack,) = re.findall(r"ci/deploy (\S+)", job.text)
    return str(stack)


def test_deploy_runs_tests_then_staging_then_production() -> None:
    assert [(str(job), job.content["needs"]) for job in DEPLOY_JOBS] == [
        ("deploy/staging", "test"),
        ("deploy/production", "staging"),
    ]
    assert WORKFLOWS["deploy"]["on"] == {"push": {"branches": ["main"]}}


@pytest.mark.parametrize("job", DEPLOY_JOBS, ids=str)
def test_deploy_job_runs_alone_on_its_stack_and_is_never_cancelled(job: Job) -> None:
    group = {"group": f"up-{deployed_stack(job)}", "cancel-in-progress": "false"}
    assert {key: str(value).lower() for key, value in job.content["concurrency"].items()} == group
    # A workflow's own group would cancel all of its jobs.
    assert "concurrency" not in WORKFLOWS[job.workflow]


@pytest.mark.parametrize("job", DEPLOY_JOBS, ids=str)
def test_deploy_job_runs_in_the_environment_of_its_stack(job: Job) -> None:
    assert job.content["environment"] == deployed_stack(job)


def test_no_two_jobs_share_a_concurrency_group() -> None:
    groups = [str(job.content["concurrency"]["group"]) for job in JOBS if "concurrency" in job.content]
    assert len(set(groups)) == len(groups)


@each_job
def test_job_with_secrets_runs_in_an_environment_and_only_with_a_backend(job: Job) -> None:
    if "secrets." in job.text:
        assert "environment" in job.content
        first = WORKFLOWS["deploy"]["jobs"]["test"] if job.workflow == "deploy" else job.content
        assert "vars.PULUMI_BACKEND_URL != ''" in first["if"]


@each_job
def test_previews_and_drift_use_existing_stacks_and_preview_environments(job: Job) -> None:
    if matrix := job.content.get("strategy", {}).get("matrix"):
        assert set(matrix["stack"]) <= set(SHIPPED)
        assert set(matrix["stack"]) == {deployed_stack(each) for each in DEPLOY_JOBS}
        assert job.content["environment"] == "${{ matrix.stack }}-preview"
        assert "ci/deploy" not in job.text


# GitLab

KEYWORDS = {"workflow", "stages", "default", "variables"}


def merge_extends(name: str) -> Document:
    """Merge a job with the jobs that it extends, as GitLab does."""
    content = GITLAB[name]
    extends = content.get("extends", [])
    job: Document = {}
    for parent in [extends] if isinstance(extends, str) else extends:
        job |= merge_extends(parent)
    job |= content
    return job


GITLAB_JOBS = {name: merge_extends(name) for name in GITLAB if name not in KEYWORDS and not name.startswith(".")}
each_gitlab_job = pytest.mark.parametrize("name", GITLAB_JOBS)


def gitlab_text(name: str) -> str:
    return yaml.safe_dump(GITLAB_JOBS[name], width=1000)


def conditions(name: str) -> list[str]:
    return [rule["if"] for rule in GITLAB_JOBS[name]["rules"]]


def test_every_gitlab_stage_has_a_job_and_every_job_a_stage() -> None:
    assert {job["stage"] for job in GITLAB_JOBS.values()} == set(GITLAB["stages"])


@each_gitlab_job
def test_gitlab_job_needs_only_jobs_of_no_later_stage(name: str) -> None:
    stages = GITLAB["stages"]
    for needed in GITLAB_JOBS[name].get("needs", []):
        assert stages.index(GITLAB_JOBS[needed]["stage"]) <= stages.index(GITLAB_JOBS[name]["stage"])
    assert GITLAB_JOBS[name]["script"]


@each_gitlab_job
def test_gitlab_job_with_credentials_runs_no_merge_request_of_another_project(name: str) -> None:
    text = gitlab_text(name)
    if "id_tokens" in GITLAB_JOBS[name] or "environment" in GITLAB_JOBS[name] or "GITLAB_TOKEN" in text:
        for condition in conditions(name):
            assert "merge_request_event" not in condition or SAME_PROJECT in condition


def test_merge_request_of_a_fork_starts_only_the_tests_and_the_offline_diff() -> None:
    starts = [
        name
        for name in GITLAB_JOBS
        if any(SAME_PROJECT not in each and re.search(r"merge_request_event|!=", each) for each in conditions(name))
    ]
    assert starts == ["test", "diff"]


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_gitlab_deploy_job_runs_alone_in_its_environment_without_interruption(stack: str) -> None:
    job = GITLAB_JOBS[stack]
    assert (job["resource_group"], job["environment"], job["interruptible"]) == (stack, stack, False)
    assert job["script"] == [f"ci/deploy {stack}"]
    assert all(
        '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH' in each for each in conditions(stack)
    )


def test_only_the_deploy_jobs_of_gitlab_run_ci_deploy() -> None:
    assert [name for name in GITLAB_JOBS if "ci/deploy" in gitlab_text(name)] == ["staging", "production"]


def test_gitlab_production_waits_for_staging_and_for_a_person() -> None:
    assert GITLAB_JOBS["production"]["needs"] == ["staging"]
    assert [rule["when"] for rule in GITLAB_JOBS["production"]["rules"]] == ["manual"]


@pytest.mark.parametrize("name", ["preview", "drift"])
def test_gitlab_previews_and_drift_only_read(name: str) -> None:
    job = GITLAB_JOBS[name]
    assert job["parallel"]["matrix"] == [{"STACK": ["staging", "production"]}]
    assert job["environment"] == {"name": "$STACK-preview", "action": "access"}


def test_gitlab_uses_the_python_of_github() -> None:
    versions = {step["with"]["python-version"] for step in STEPS if "setup-python" in step.get("uses", "")}
    assert {f"python:{version}-bookworm" for version in versions} == {GITLAB["default"]["image"]}

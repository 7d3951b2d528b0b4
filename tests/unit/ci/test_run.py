"""`ci/preview`, `ci/deploy` and `ci/drift` with a stand-in for Pulumi; test_ci_messages.py has the real one."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from logstack.ci import failures
from logstack.ci.failures import Failure
from logstack.ci.run import resources
from logstack.ci.secrecy import Secrets
from tests.unit.ci.conftest import Machine

PREVIEW_OUTPUT = """\
Previewing update (staging):
~ kubernetes:core/v1:ConfigMap: (update)
Resources:
    ~ 3 to update
    29 unchanged
"""
LOCKED = "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete ..."
PULUMI_OPTIONS = "--stack staging --non-interactive --color never"


@pytest.mark.parametrize(
    ("verb", "command"),
    [
        ("preview", "preview --diff"),
        ("deploy", "up --yes"),
        ("drift", "preview --refresh --expect-no-changes --diff"),
    ],
)
def test_script_selects_the_stack_runs_pulumi_and_prints_its_output(verb: str, command: str, machine: Machine) -> None:
    machine.install_pulumi(PREVIEW_OUTPUT)
    answer = machine.run_script(verb, "staging")
    assert (answer.code, answer.stdout, answer.stderr) == (0, PREVIEW_OUTPUT, "")
    assert machine.calls == ["version", f"stack --show-name {PULUMI_OPTIONS}", f"{command} {PULUMI_OPTIONS}"]
    assert f"### staging: {verb}\n\n~ 3 to update, 29 unchanged\n" in machine.summary
    assert PREVIEW_OUTPUT in machine.summary


@pytest.mark.parametrize("arguments", [[], ["staging", "a", "b"], ["--yes"]])
def test_script_prints_its_usage_without_one_stack(arguments: list[str], machine: Machine) -> None:
    answer = machine.run_script("preview", *arguments)
    assert answer.code == failures.MISUSED
    assert answer.stderr.startswith("usage: ci/preview")


def expect_stop(machine: Machine, failure: Failure, stack: str = "staging", verb: str = "deploy") -> str:
    """Run, expect one line for the failure, and return the output before that line."""
    answer = machine.run(verb, stack)
    *output, line = answer.stderr.splitlines()
    assert line == f"error: ci/{verb}: {failure.line(stack)}"
    assert answer.code == failure.code
    assert f"### {stack}: {verb} stopped\n\n{failure.line(stack)}\n" in machine.summary
    return "\n".join(output)


def runs_nothing(machine: Machine) -> bool:
    return not any(call.startswith(("up", "preview")) for call in machine.calls)


def test_run_stops_without_pulumi(machine: Machine) -> None:
    machine.environment["PATH"] = str(machine.folder)
    expect_stop(machine, failures.NO_PULUMI)


def test_run_stops_without_a_language_host(machine: Machine) -> None:
    machine.install_pulumi(
        "error: failed to load language plugin python: no language plugin 'pulumi-language-python' found",
        1,
    )
    expect_stop(machine, failures.NO_PULUMI)


def test_run_stops_without_a_backend(machine: Machine) -> None:
    machine.install_pulumi()
    del machine.environment["PULUMI_BACKEND_URL"]
    expect_stop(machine, failures.NO_BACKEND)
    assert machine.calls == []


def test_run_stops_when_the_backend_cannot_be_read(machine: Machine) -> None:
    machine.install_pulumi(stack_output="error: unable to open bucket s3://states: AccessDenied\n", stack_code=1)
    assert expect_stop(machine, failures.NO_STATE) == "error: unable to open bucket s3://states: AccessDenied"
    assert runs_nothing(machine)


def test_run_stops_without_a_passphrase(machine: Machine) -> None:
    machine.install_pulumi(
        "error: get stack secrets manager: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or ...",
        1,
    )
    expect_stop(machine, failures.NO_PASSPHRASE)


def test_run_stops_when_the_passphrase_is_wrong(machine: Machine) -> None:
    machine.install_pulumi("error: getting stack configuration: get stack secrets manager: incorrect passphrase", 1)
    expect_stop(machine, failures.WRONG_PASSPHRASE)


def test_run_stops_when_the_stack_has_no_file(machine: Machine) -> None:
    machine.install_pulumi()
    expect_stop(machine, failures.UNKNOWN_STACK, "nowhere")
    assert machine.calls == []


def test_run_stops_when_the_backend_does_not_have_the_stack(machine: Machine) -> None:
    machine.install_pulumi(stack_output="error: no stack named 'staging' found\n", stack_code=6)
    expect_stop(machine, failures.UNKNOWN_STACK)
    assert runs_nothing(machine)


def test_run_says_how_to_unlock_a_locked_state(machine: Machine) -> None:
    machine.install_pulumi(LOCKED, 1)
    expect_stop(machine, failures.LOCKED)
    assert "`pulumi cancel --stack staging`" in failures.LOCKED.line("staging")


def test_run_stops_without_a_kubeconfig(machine: Machine) -> None:
    machine.install_pulumi()
    machine.environment["KUBECONFIG"] = "/nowhere/kubeconfig"
    expect_stop(machine, failures.NO_KUBECONFIG)
    assert machine.calls == []


def test_run_stops_when_the_kubeconfig_lacks_the_context(machine: Machine) -> None:
    machine.install_pulumi("error[unknown-context] logstack:cluster.context", 1)
    expect_stop(machine, failures.NO_KUBECONFIG)


@pytest.mark.parametrize(
    "output",
    [
        "error: configured Kubernetes cluster is unreachable: unable to load schema information",
        "dial tcp 10.0.30.2:6443: connect: connection refused",
        "dial tcp: lookup api.example on 10.0.0.1:53: no such host",
        "dial tcp 10.0.30.2:6443: i/o timeout",
    ],
)
def test_run_stops_when_the_cluster_is_unreachable(output: str, machine: Machine) -> None:
    machine.install_pulumi(output, 1)
    expect_stop(machine, failures.UNREACHABLE)


@pytest.mark.parametrize(
    "output",
    [
        "error: Unauthorized",
        "the server has asked for the client to provide credentials",
        "api error ExpiredToken: The provided token has expired",
        # Pulumi also calls the cluster unreachable, and gives this reason.
        "configured Kubernetes cluster is unreachable: the server has asked for the client to provide credentials",
    ],
)
def test_run_stops_when_credentials_are_refused(output: str, machine: Machine) -> None:
    machine.install_pulumi(output, 1)
    expect_stop(machine, failures.REFUSED)


def test_run_reports_an_unknown_failure(machine: Machine) -> None:
    machine.install_pulumi("error: something else", 1)
    expect_stop(machine, failures.FAILED)


def test_preview_reports_exit_code_7_as_a_failure(machine: Machine) -> None:
    machine.install_pulumi(PREVIEW_OUTPUT, 7)
    expect_stop(machine, failures.FAILED, verb="preview")


def test_each_failure_has_a_unique_exit_code() -> None:
    codes = [failure.code for failure in failures.ALL]
    assert len(set(codes)) == len(codes)
    assert not {0, failures.MISUSED, failures.DRIFT} & set(codes)
    assert all("\n" not in failure.line("staging") for failure in failures.ALL)


def test_every_failure_is_in_the_table() -> None:
    assert {each for each in vars(failures).values() if isinstance(each, Failure)} == set(failures.ALL)


def test_drift_has_an_exit_code_and_a_report_with_only_the_counts(machine: Machine) -> None:
    machine.install_pulumi(f"{PREVIEW_OUTPUT}error: no changes were expected but changes were proposed\n", 7)
    answer = machine.run("drift", "staging", "drift.md", CI_JOB_URL="https://git.example/job/1")
    assert answer.code == failures.DRIFT
    assert answer.stderr == "error: ci/drift: staging: drift, ~ 3 to update, 29 unchanged\n"
    assert (machine.folder / "drift.md").read_text() == (
        "### staging: drift\n\n~ 3 to update, 29 unchanged\n\n"
        "The differences are in [the job](https://git.example/job/1).\n"
    )


def test_drift_report_is_empty_when_nothing_differs(machine: Machine) -> None:
    machine.install_pulumi(PREVIEW_OUTPUT)
    assert machine.run("drift", "staging", "drift.md").code == 0
    assert (machine.folder / "drift.md").read_text() == ""


def test_drift_writes_no_report_when_the_run_fails(machine: Machine) -> None:
    machine.install_pulumi(LOCKED, 1)
    assert machine.run("drift", "staging", "drift.md").code == failures.LOCKED.code
    assert not (machine.folder / "drift.md").exists()


def test_drift_report_links_to_the_run_on_github(machine: Machine) -> None:
    machine.install_pulumi(PREVIEW_OUTPUT, 7)
    github = {"GITHUB_RUN_ID": "11", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/logs"}
    machine.run("drift", "staging", "drift.md", **github)
    assert "(https://github.com/acme/logs/actions/runs/11)" in (machine.folder / "drift.md").read_text()


def test_run_annotates_its_error_on_github(machine: Machine) -> None:
    machine.install_pulumi(LOCKED, 1)
    answer = machine.run("deploy", "staging", GITHUB_ACTIONS="true")
    assert answer.stderr == f"::error::ci/deploy: {failures.LOCKED.line('staging')}\n"


def test_run_warns_when_pulumi_has_another_version(machine: Machine) -> None:
    machine.install_pulumi(PREVIEW_OUTPUT)
    machine.install_program("pulumi", (machine.folder / "pulumi").read_text().replace("echo v3.250.0", "echo v3.1.0"))
    assert machine.run("preview", "staging").stderr == "pulumi 3.1.0 is on PATH, but 3.250.0 is pinned\n"


SECRETS = {
    "PULUMI_CONFIG_PASSPHRASE": "correct horse battery",
    "AWS_SECRET_ACCESS_KEY": "aws-marker-01",
    "AWS_SESSION_TOKEN": "aws-marker-02",
    "PULUMI_ACCESS_TOKEN": "pul-marker-03",
    "PULUMI_BACKEND_URL": "postgres://state:pg-marker-04@db/states",
    "KUBECONFIG_CONTENT": "token: kube-marker-05\n",
}


def test_run_prints_and_summarizes_no_secret_of_the_environment(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("from-a-file-06\n")
    leaks = [*(value.strip() for value in SECRETS.values()), "pg-marker-04", "from-a-file-06"]
    machine.install_pulumi("\n".join(["before", *leaks, "after"]), 1)
    answer = machine.run("preview", "staging", PULUMI_CONFIG_PASSPHRASE_FILE=str(file), **SECRETS)
    assert answer.code == failures.FAILED.code
    assert "after" in answer.stdout
    for marker in ["correct horse battery", "pg-marker-04", "from-a-file-06", *(f"marker-0{n}" for n in range(1, 6))]:
        assert marker not in answer.stdout + answer.stderr + machine.summary
    assert not any(marker in call for call in machine.calls for marker in leaks), "a secret is an argument"


def test_run_prints_no_secret_when_the_state_cannot_be_read(machine: Machine) -> None:
    machine.install_pulumi(stack_output=f"error: {SECRETS['PULUMI_BACKEND_URL']}\n", stack_code=1)
    answer = machine.run("preview", "staging", **SECRETS)
    assert "postgres://state:[secret]@db/states" in answer.stderr


def test_secrets_replaces_a_secret_inside_another() -> None:
    assert Secrets({"A_TOKEN": "abcd", "B_TOKEN": "xxabcdyy"}).without("xxabcdyy abcd") == "[secret] [secret]"


@pytest.mark.parametrize(
    "environment", [{"AWS_WEB_IDENTITY_TOKEN_FILE": "/tokens/aws"}, {"X_SECRET": "abc"}, {"URL": "https://[broken"}]
)
def test_secrets_keeps_paths_short_words_and_broken_urls(environment: dict[str, str]) -> None:
    text = " ".join(environment.values())
    assert Secrets(environment).without(text) == text


INTERRUPTIBLE_PULUMI = """#!/bin/sh
# A stand-in for Pulumi that shuts down cleanly on SIGINT.
case $1 in
version | stack) exit 0 ;;
esac
trap 'echo interrupted; sleep 0.5; echo state written; exit 1' INT
trap 'echo killed; exit 1' TERM
echo updating
while :; do sleep 0.05; done
"""


@pytest.mark.usefixtures("default_signals")
@pytest.mark.parametrize("signals", [[signal.SIGINT, signal.SIGTERM], [signal.SIGTERM, signal.SIGTERM]], ids=str)
def test_deploy_lets_pulumi_write_the_state_when_the_job_is_cancelled(
    signals: list[signal.Signals], machine: Machine
) -> None:
    machine.install_program("pulumi", INTERRUPTIBLE_PULUMI)
    with subprocess.Popen(
        [machine.scripts / "deploy", "staging"], env=machine.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "updating\n"
        process.send_signal(signals[0])
        assert process.stdout.readline() == "interrupted\n"
        process.send_signal(signals[1])
        assert process.stdout.read() == "state written\n"
    assert process.returncode == failures.FAILED.code


def test_deploy_runs_pulumi_in_its_own_process_group(machine: Machine) -> None:
    machine.install_program(
        "pulumi", f"#!/bin/sh\nexec '{sys.executable}' -c 'import os; print(os.getpgrp() == os.getpid())'\n"
    )
    assert machine.run("deploy", "staging").stdout == "True\n"


def test_resources_counts_the_update_and_not_its_preview() -> None:
    lines = ["Resources:", "    + 1 to create", "", "Updating:", "Resources:", "    + 1 created", "", "Duration: 3s"]
    assert resources(lines) == ["+ 1 created"]
    assert resources(["error: no"]) == []


def test_summary_keeps_the_end_of_a_long_output(machine: Machine) -> None:
    machine.install_pulumi("x" * 99 + "\n" + ("y" * 99 + "\n") * 10_000 + PREVIEW_OUTPUT)
    machine.run("preview", "staging")
    assert len(machine.summary) < 1_000_000
    assert "(the beginning is in the job's log)" in machine.summary
    assert "x" * 99 not in machine.summary
    assert "29 unchanged\n```" in machine.summary


def test_summary_fence_is_longer_than_any_in_the_output(machine: Machine) -> None:
    machine.install_pulumi("````\n# not a heading\n")
    machine.run("preview", "staging")
    assert re.search(r"^`{5}text\n````\n# not a heading\n`{5}$", machine.summary, re.MULTILINE)

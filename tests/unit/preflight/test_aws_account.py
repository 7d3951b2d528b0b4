"""The AWS account of the shell's credentials, asked of moto as STS, and the problem for a wrong account."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import botocore.client
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from moto import mock_aws

from logstack.localrun.layout import LOOPBACK
from logstack.preflight.aws_account import Caller, refuse_wrong_account, shell_caller
from logstack.settings.problems import StackProblems
from tests.support.aws_store import ACCOUNT, a_store

STRANGER = "999999999999"


def remove_aws_credentials(patch: pytest.MonkeyPatch, folder: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        patch.delenv(name, raising=False)
    patch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which botocore finds no credentials."""
    remove_aws_credentials(monkeypatch, tmp_path)
    return monkeypatch


@pytest.fixture
def moto(shell: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:  # noqa: ARG001 - before moto's own keys
    """STS accepts the shell's credentials; moto puts its own keys into the environment."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        yield patch


def problem_of(call: Callable[[], object]) -> tuple[str, str]:
    """Return what the only problem says, and its fix."""
    with pytest.raises(StackProblems) as refused:
        call()
    (raised_problem,) = refused.value.problems
    assert (raised_problem.path, raised_problem.severity) == ("logstack:objectStore.accountId", "error")
    assert "nothing was registered" in raised_problem.consequence
    return raised_problem.what, raised_problem.fix


@pytest.mark.usefixtures("moto")
def test_shell_caller_is_the_identity_that_sts_returns() -> None:
    assert shell_caller(a_store()) == Caller(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:user/moto")


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "sts.eu-central-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
    ],
)
def test_shell_caller_asks_sts_in_the_region_of_the_store(moto: pytest.MonkeyPatch, region: str, host: str) -> None:
    calls: list[str] = []

    def record(client: botocore.client.BaseClient, operation: str, _: object) -> dict[str, str]:
        calls.append(f"{operation} {client.meta.endpoint_url}")
        return {"Account": ACCOUNT, "Arn": "arn"}

    moto.setattr(botocore.client.BaseClient, "_make_api_call", record)
    shell_caller(a_store(region=region))
    assert calls == [f"GetCallerIdentity https://{host}"]


def test_wrong_account_problem_names_both_accounts_and_the_profile_to_set(shell: pytest.MonkeyPatch) -> None:
    stranger = Caller(STRANGER, f"arn:aws:iam::{STRANGER}:user/somebody")
    what, fix = problem_of(lambda: refuse_wrong_account(a_store(), stranger))
    assert what == (
        f"the shell's AWS credentials belong to account {STRANGER} (arn:aws:iam::{STRANGER}:user/somebody),"
        f" but this stack belongs to {ACCOUNT}"
    )
    assert fix.startswith(f"set AWS_PROFILE to a profile of account {ACCOUNT} (now: not set)")
    shell.setenv("AWS_PROFILE", "staging")
    assert "(now: staging)" in problem_of(lambda: refuse_wrong_account(a_store(), stranger))[1]


def test_wrong_account_fix_unsets_the_keys_in_the_environment_before_the_profile(
    shell: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "credentials").write_text("[right]\naws_access_key_id = of-the-profile\naws_secret_access_key = x\n")
    shell.setenv("AWS_PROFILE", "right")
    shell.setenv("AWS_ACCESS_KEY_ID", "of-the-environment")
    shell.setenv("AWS_SECRET_ACCESS_KEY", "x")
    used: list[str] = []

    def record(client: botocore.client.BaseClient, *_: object) -> dict[str, str]:
        used.append(client._request_signer._credentials.access_key)  # type: ignore[attr-defined]
        return {"Account": STRANGER, "Arn": "arn"}

    shell.setattr(botocore.client.BaseClient, "_make_api_call", record)
    _, fix = problem_of(lambda: refuse_wrong_account(a_store(), shell_caller(a_store())))
    assert used == ["of-the-environment"]
    assert fix.startswith("unset AWS_ACCESS_KEY_ID, which comes first, and set AWS_PROFILE")


@pytest.mark.usefixtures("shell")
def test_shell_caller_fix_is_to_log_in_when_there_are_no_credentials() -> None:
    what, fix = problem_of(lambda: shell_caller(a_store()))
    assert what == f"the shell has no usable AWS credentials: {NoCredentialsError()}"
    assert fix.startswith("log in, such as by aws sso login, and set AWS_PROFILE")


def test_shell_caller_problem_names_a_profile_that_does_not_exist(shell: pytest.MonkeyPatch) -> None:
    shell.setenv("AWS_PROFILE", "production")
    what, fix = problem_of(lambda: shell_caller(a_store()))
    assert "(production) could not be found" in what
    assert "(now: production)" in fix


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ExpiredToken", "the shell's AWS credentials have expired"),
        ("ExpiredTokenException", "the shell's AWS credentials have expired"),
        ("InvalidClientTokenId", "the shell's AWS credentials are refused: InvalidClientTokenId, as AWS says it"),
    ],
)
def test_shell_caller_problem_says_why_aws_refuses_the_credentials(
    moto: pytest.MonkeyPatch, code: str, message: str
) -> None:
    def refuse(*_: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "as AWS says it"}}, "GetCallerIdentity")

    moto.setattr(botocore.client.BaseClient, "_make_api_call", refuse)
    what, fix = problem_of(lambda: shell_caller(a_store()))
    assert what == message
    assert "log in" in fix


def test_shell_caller_problem_names_the_address_when_aws_is_unreachable(shell: pytest.MonkeyPatch) -> None:
    shell.setenv("AWS_ACCESS_KEY_ID", "x")
    shell.setenv("AWS_SECRET_ACCESS_KEY", "MARKED")
    with socket.socket() as bound:  # a port without a listener
        bound.bind((LOOPBACK, 0))
        address = f"http://{LOOPBACK}:{bound.getsockname()[1]}"
        shell.setenv("AWS_ENDPOINT_URL_STS", address)
        what, fix = problem_of(lambda: shell_caller(a_store()))
    assert what.startswith("cannot reach AWS:")
    assert address in what
    assert fix.startswith("connect this machine to AWS")
    assert "MARKED" not in what + fix

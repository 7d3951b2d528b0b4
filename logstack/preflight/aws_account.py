"""Which AWS account the shell's credentials belong to, asked before anything is registered."""

import os
from dataclasses import dataclass

from logstack.settings.model.object_store import AwsStore
from logstack.settings.problems import Problem, StackProblems

# botocore's own patience is a minute for each of five attempts: a preview without a network would seem to hang.
_PATIENCE_SECONDS = 5
_ATTEMPTS = 2

# STS' error codes for an expired session (AWS, "Common errors" of the query protocol and of the newer ones).
_EXPIRED = {"ExpiredToken", "ExpiredTokenException"}


@dataclass(frozen=True)
class Caller:
    """The identity that AWS sees for the shell's credentials."""

    account: str
    """Twelve digits."""
    arn: str


def refuse_wrong_account(store: AwsStore, caller: Caller) -> None:
    """Raises StackProblems when the caller's account is not the stack's."""
    if caller.account != store.account_id:
        problem = Problem(
            name="wrong-aws-account",
            path="logstack:objectStore.accountId",
            what=f"the shell's AWS credentials belong to account {caller.account} ({caller.arn}),"
            f" but this stack belongs to {store.account_id}",
            consequence="the AWS provider would refuse its part of the stack; nothing was registered",
            fix=f"{_use_profile(store)}, or correct accountId in the stack file",
        )
        raise StackProblems([problem])


def shell_caller(store: AwsStore) -> Caller:
    """Return the identity of the credentials that boto3 finds as the AWS provider does: environment, profile, web.

    sts:GetCallerIdentity needs no permission, and no policy can deny it. The request goes to the store's region, which
    is in the right partition. Raises StackProblems for missing, expired or refused credentials, and without an answer.
    """
    import boto3  # noqa: PLC0415 - half a second, for stores in AWS alone
    from botocore import exceptions  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    patience = Config(
        connect_timeout=_PATIENCE_SECONDS, read_timeout=_PATIENCE_SECONDS, retries={"total_max_attempts": _ATTEMPTS}
    )
    log_in = f"log in, such as by aws sso login, and {_use_profile(store)}"
    try:
        # A new session, because boto3's shared one remembers the profile of an earlier call.
        identity = boto3.Session().client("sts", region_name=store.region, config=patience).get_caller_identity()
    except exceptions.ClientError as error:
        details = error.response["Error"]
        what = (
            "have expired" if details["Code"] in _EXPIRED else f"are refused: {details['Code']}, {details['Message']}"
        )
        raise StackProblems([_unknown(f"the shell's AWS credentials {what}", log_in)]) from None
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        fix = "connect this machine to AWS; set HTTPS_PROXY if there is a proxy"
        raise StackProblems([_unknown(f"cannot reach AWS: {error}", fix)]) from None
    except exceptions.BotoCoreError as error:
        raise StackProblems([_unknown(f"the shell has no usable AWS credentials: {error}", log_in)]) from None
    return Caller(identity["Account"], identity["Arn"])


def _use_profile(store: AwsStore) -> str:
    """Return how to use other credentials; for boto3 and the provider, keys in the environment win over a profile."""
    profile = os.environ.get("AWS_PROFILE", "not set")
    unset = "unset AWS_ACCESS_KEY_ID, which comes first, and " if os.environ.get("AWS_ACCESS_KEY_ID") else ""
    return f"{unset}set AWS_PROFILE to a profile of account {store.account_id} (now: {profile})"


def _unknown(what: str, fix: str) -> Problem:
    return Problem(
        name="unknown-aws-account",
        path="logstack:objectStore.accountId",
        what=what,
        consequence="the AWS provider could create neither the bucket nor its role; nothing was registered",
        fix=fix,
    )

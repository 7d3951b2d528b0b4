"""Secrets that Pulumi's masking would hide in its own output."""

import pytest

from logstack.preflight.masked_words import refuse_masked_words
from logstack.settings.problems import StackProblems
from logstack.settings.tree import Settings
from tests.support.stacks import settings_of

GOOD = {"accessKeyId": "5f0c2a9be1d47c60aa11", "secretAccessKey": "5f0c2a9be1d47c60aa115f0c2a9be1d47c60aa11"}
WORDS = ["staging", "logstack:schemaPeriods"]


def refusal(settings: Settings, **secrets: str) -> str:
    with pytest.raises(StackProblems) as refused:
        refuse_masked_words({**GOOD, **secrets}, settings, WORDS)
    return str(refused.value)


@pytest.mark.parametrize("stack", ["dev", "staging", "production"])
def test_random_keys_are_accepted(stack: str) -> None:
    refuse_masked_words(GOOD, settings_of(stack), WORDS)


@pytest.mark.parametrize("secret", ["", "logs", "loki", "1234567"])
def test_short_secret_is_refused_without_being_printed(secret: str) -> None:
    text = refusal(settings_of("staging"), accessKeyId=secret)
    assert "1 error" in text
    assert "error[secret-is-a-word] logstack:accessKeyId" in text
    assert "accessKeyId has fewer than 8 characters" in text
    assert not secret or f'"{secret}"' not in text


@pytest.mark.parametrize(
    "secret",
    ["schemaPeriods", "monitoring", "loki-write", "staging-", "logstack", "kubernetes", "replication"],
)
def test_secret_that_is_a_part_of_a_printed_name_is_refused(secret: str) -> None:
    settings = settings_of("staging")
    if secret == "staging-":
        settings = settings.model_copy(
            update={"cluster": settings.cluster.model_copy(update={"context": "eu-staging-1"})}
        )
    text = refusal(settings, secretAccessKey=secret)
    assert "error[secret-is-a-word] logstack:secretAccessKey" in text
    assert "secretAccessKey is a part of a name of this stack" in text


def test_both_halves_are_refused_at_once_with_a_line_to_paste() -> None:
    text = refusal(settings_of("staging"), accessKeyId="logs", secretAccessKey="monitoring")
    assert "2 errors" in text
    assert 'pulumi config set --secret logstack:accessKeyId "$(openssl rand -hex 20)"' in text


def test_key_of_another_store_may_stay_in_a_secret_of_the_cluster() -> None:
    settings = settings_of("production")
    assert "credentialsSecret: loki-s3" in refusal(settings, accessKeyId="minio")

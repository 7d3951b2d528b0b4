"""The guards of a program: a wrong AWS account, or a cluster that does not answer, stops it."""

from collections.abc import Iterator
from pathlib import Path

import botocore.client
import pulumi
import pytest
from moto import mock_aws

from components import stop_in_wrong_account, stop_without_bucket, stop_without_cluster
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import ObjectStoreSettings, S3CompatibleStore
from tests.support.aws_store import ACCOUNT, a_store
from tests.unit.preflight.test_api_server import ApiServer, serving, write_kubeconfig
from tests.unit.preflight.test_aws_account import STRANGER, remove_aws_credentials

CLUSTER = ClusterSettings(name="production", context="production")


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which botocore finds no credentials."""
    remove_aws_credentials(monkeypatch, tmp_path)
    return monkeypatch


@pytest.fixture
def moto(shell: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001 - before moto's own keys
    """STS accepts the shell's credentials; moto puts its own keys into the environment."""
    with mock_aws():
        yield


@pytest.mark.usefixtures("moto")
def test_guard_lets_the_program_go_on_in_the_account_of_the_stack() -> None:
    stop_in_wrong_account(a_store())


@pytest.mark.usefixtures("moto")
def test_guard_stops_the_program_in_another_aws_account() -> None:
    with pytest.raises(pulumi.RunError, match=f"belong to account {ACCOUNT}"):
        stop_in_wrong_account(a_store(accountId=STRANGER))


def test_guard_does_not_ask_aws_when_the_object_store_is_not_in_aws(shell: pytest.MonkeyPatch) -> None:
    store: ObjectStoreSettings = S3CompatibleStore(kind="s3-compatible", endpoint="http://10.0.0.1:9000", bucket="b")
    shell.setattr(botocore.client.BaseClient, "_make_api_call", lambda *_: pytest.fail("AWS was asked"))
    stop_in_wrong_account(store)
    stop_without_bucket(store)


def test_guard_asks_for_no_account_when_the_stack_makes_nothing_in_aws(shell: pytest.MonkeyPatch) -> None:
    shell.setattr(botocore.client.BaseClient, "_make_api_call", lambda *_: pytest.fail("AWS was asked"))
    stop_in_wrong_account(a_store(create=False, identity=None, credentialsSecret="loki-s3"))


@pytest.mark.usefixtures("moto")
def test_guard_stops_the_program_without_the_existing_bucket() -> None:
    with pytest.raises(pulumi.RunError, match="bucket-missing"):
        stop_without_bucket(a_store(create=False))
    stop_without_bucket(a_store())


def test_guard_stops_the_program_when_the_cluster_is_too_old_or_the_kubeconfig_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(type("Old", (ApiServer,), {"minor": "24"})) as server:
        monkeypatch.setenv("KUBECONFIG", str(write_kubeconfig(tmp_path, server)[0]))
        with pytest.raises(pulumi.RunError, match=r"kubernetes-too-old[\s\S]*is Kubernetes 1\.24"):
            stop_without_cluster(CLUSTER)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    with pytest.raises(pulumi.RunError, match=r"nowhere, which does not exist[\s\S]*`make plan`"):
        stop_without_cluster(CLUSTER)

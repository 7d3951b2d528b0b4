"""The policies of docs/reference/ci under the real Pulumi, with its state in a real S3 server that asks a real IAM.

The server is not AWS, but evaluates the same policies (tests/support/guarded_store.py).
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from logstack.localrun.processes import Fleet
from tests.support.guarded_store import GuardedStore, Key, Logged
from tests.support.iam import BUCKET_ACTIONS, OBJECT_ACTIONS, Request, allowed, listed
from tests.support.real import binary
from tests.support.stacks import ROOT

pytestmark = pytest.mark.prove

BUCKET = "states"
REFUSED = "AccessDenied"


def policy(name: str) -> str:
    """Return a policy of docs/reference/ci for the bucket of these tests."""
    return (ROOT / f"docs/reference/ci/{name}.json").read_text().replace("STATE_BUCKET", BUCKET)


@dataclass
class Pulumi:
    """The real Pulumi in a project, with one user's key for the state."""

    folder: Path
    server: GuardedStore
    key: Key

    def __call__(self, *arguments: str) -> str:
        """Run a command and return its output."""
        environment = os.environ | {
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_CONFIG_PASSPHRASE": "a passphrase of the tests",
            "PULUMI_BACKEND_URL": f"s3://{BUCKET}?endpoint={self.server.plain_endpoint}&s3ForcePathStyle=true"
            f"&region={self.server.region}",
            "AWS_ACCESS_KEY_ID": self.key.id,
            "AWS_SECRET_ACCESS_KEY": self.key.secret,
        }
        command = [str(binary("pulumi")), *arguments, "--non-interactive"]
        answer = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        return answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pulumi, Pulumi]]:
    """Yield Pulumi with the deploy role's permissions, which created a stack, and with the preview role's."""
    project = tmp_path_factory.mktemp("project")
    (project / "Pulumi.yaml").write_text("name: logstack\nruntime: python\n")
    with TemporaryDirectory(prefix="s") as short, Fleet(tmp_path_factory.mktemp("logs")) as fleet:
        server = GuardedStore(Path(short), fleet, "eu-central-1")
        server.s3(server.root).create_bucket(Bucket=BUCKET)
        deploy = Pulumi(project, server, server.user("deploy", policy("state-write")))
        assert "Created stack 'staging'" in deploy("stack", "init", "staging")
        yield deploy, Pulumi(project, server, server.user("preview", policy("state-read")))


def test_deploy_role_writes_locks_and_unlocks(states: tuple[Pulumi, Pulumi]) -> None:
    deploy, _ = states
    output = deploy("refresh", "--yes", "--stack", "staging")
    assert "Resources:" in output
    assert REFUSED not in output
    assert deploy("cancel", "--yes", "--stack", "staging")
    operations = {logged.operation for logged in deploy.server.logged() if logged.requester == deploy.key.id}
    assert {"PutObject", "DeleteObject"} <= operations


def test_preview_role_reads_the_state(states: tuple[Pulumi, Pulumi]) -> None:
    _, preview = states
    assert preview("stack", "--show-name", "--stack", "staging") == "staging\n"
    assert REFUSED not in preview("refresh", "--preview-only", "--stack", "staging")


def test_preview_role_can_neither_lock_nor_write(states: tuple[Pulumi, Pulumi]) -> None:
    _, preview = states
    assert REFUSED in preview("refresh", "--yes", "--stack", "staging")
    assert REFUSED in preview("stack", "init", "another")


@pytest.mark.parametrize(("who", "name"), [(0, "state-write"), (1, "state-read")], ids=["deploy", "preview"])
def test_policy_allows_exactly_what_pulumi_requested(who: int, name: str, states: tuple[Pulumi, Pulumi]) -> None:
    pulumi = states[who]
    used = [_needs(each) for each in pulumi.server.logged() if each.requester == pulumi.key.id and each.status < 400]
    assert all(allowed([policy(name)], request) for request in used)
    granted = {action for each in json.loads(policy(name))["Statement"] for action in listed(each["Action"])}
    assert granted == {request.action for request in used}


def _needs(logged: Logged) -> Request:
    if logged.operation in BUCKET_ACTIONS:
        return Request(BUCKET_ACTIONS[logged.operation], f"arn:aws:s3:::{logged.bucket}")
    # Pulumi copies a state before it writes it: a copy needs the permission to write.
    actions = OBJECT_ACTIONS | {"CopyObject": "s3:PutObject"}
    return Request(actions[logged.operation], f"arn:aws:s3:::{logged.bucket}/{logged.key}")


@pytest.mark.parametrize("name", ["state-read", "state-write"])
@pytest.mark.parametrize(
    "request_",
    [
        Request("s3:GetObject", f"arn:aws:s3:::{BUCKET}/other"),
        Request("s3:GetObject", "arn:aws:s3:::other/.pulumi/meta.yaml"),
        Request("s3:DeleteBucket", f"arn:aws:s3:::{BUCKET}"),
        Request("s3:PutBucketPolicy", f"arn:aws:s3:::{BUCKET}"),
    ],
    ids=lambda each: f"{each.action} {each.resource}",
)
def test_policy_denies_other_objects_buckets_and_actions(name: str, request_: Request) -> None:
    assert not allowed([policy(name)], request_)

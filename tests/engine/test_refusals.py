"""What the real engine's program refuses before it registers anything: one clear message, and no resource created."""

import pytest
from pulumi import automation as auto

from components import guards
from logstack.preflight.aws_account import Caller
from logstack.settings.load.stack_file import Value
from tests.support.engine import Project
from tests.support.reached import FittingCluster, let_every_cluster_answer, node
from tests.support.stacks import settings_of

pytestmark = [
    pytest.mark.prove,
    pytest.mark.filterwarnings("ignore:.*V2 has been deprecated in favor of:DeprecationWarning"),
]


def refusal(platform: Project, stack: str, *, keys: bool = True) -> str:
    """Return the message of an up that fails and registers nothing: no resource, no state, no object."""
    selected = platform.stack(stack, keys=keys)
    with pytest.raises(auto.CommandError) as failure:
        selected.up(color="never")
    resources = platform.state(stack).get("resources", [])
    assert [each["type"] for each in resources if each["type"] != "pulumi:pulumi:Stack"] == []
    assert platform.memory.objects == {}
    assert platform.aws.resources == {}
    return " ".join(str(failure.value).split())


CASES: dict[str, tuple[str, dict[str, Value], tuple[str, ...]]] = {
    "another API server": (
        "production",
        {"cluster": {"apiServer": "https://10.9.9.9:6443"}},
        ("points at https://10.0.40.2:6443, but this stack belongs to https://10.9.9.9:6443",),
    ),
    "an unknown context": (
        "production",
        {"cluster": {"context": "prodction"}},
        ("unknown kubeconfig context 'prodction'",),
    ),
    "an unknown key": ("production", {"retentoin": "30d"}, ("did you mean",)),
    "two errors at once": (
        "production",
        {"retention": "a week", "replicationFactor": 5},
        ("[wrong-value] Pulumi.production.yaml:", "[replication-above-writers]"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_up_refuses_a_wrong_stack_file_before_it_registers_anything(platform: Project, case: str) -> None:
    stack, change, messages = CASES[case]
    platform.edit(stack, change)
    refused = refusal(platform, stack)
    for message in messages:
        assert message in refused


def test_up_refuses_a_missing_secret_before_it_registers_anything(platform: Project) -> None:
    message = refusal(platform, "staging", keys=False)
    assert "needs an access key" in message
    assert "pulumi config set --secret logstack:accessKeyId" in message


def test_up_refuses_a_secret_in_clear_text_before_it_registers_anything(platform: Project) -> None:
    stack = platform.stack("staging", keys=False)
    stack.set_config("logstack:accessKeyId", auto.ConfigValue("in-clear"))
    stack.set_config("logstack:secretAccessKey", auto.ConfigValue("in-clear-too"))
    message = refusal(platform, "staging", keys=False)
    assert "accessKeyId is in clear text" in message


def test_up_refuses_a_short_access_key_that_would_mask_its_messages(platform: Project) -> None:
    stack = platform.stack("staging", keys=False)
    stack.set_config("logstack:accessKeyId", auto.ConfigValue("logs", secret=True))
    stack.set_config("logstack:secretAccessKey", auto.ConfigValue("a1b2c3d4e5f6a7b8", secret=True))
    message = refusal(platform, "staging", keys=False)
    assert "accessKeyId has fewer than 8 characters" in message


def test_up_refuses_another_aws_account_before_it_registers_anything(
    platform: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = Caller("999999999999", "arn:aws:iam::999999999999:user/somebody")
    monkeypatch.setattr(guards, "shell_caller", lambda _: stranger)
    assert "belong to account 999999999999" in refusal(platform, "aws")


def test_aws_provider_refuses_another_account_before_it_creates_a_bucket(platform: Project) -> None:
    platform.aws.account = "999999999999"
    failed = platform.up("aws").failed
    assert "AWS account ID not allowed: 999999999999" in failed
    assert platform.aws.resources == {}


def test_what_the_cluster_lacks_is_refused_before_anything_is_registered(
    platform: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An `up` without the namespace failed after 65 s with a traceback; its preview was clean."""
    cluster = FittingCluster(settings_of("production"))
    del cluster.answers["/api/v1/namespaces/monitoring"]
    cluster.classes({})
    cluster.nodes(node("1"))
    let_every_cluster_answer(monkeypatch, cluster.get)
    message = refusal(platform, "production")
    for words in (
        "error: [namespace-missing] logstack:cluster.namespace what: the cluster",
        'of context "production" has no namespace "monitoring"',
        "kubectl --context production create namespace monitoring",
        "warning: [no-default-storage-class]",
        "warning: [nodes-too-few]",
        "warning: [nodes-too-small]",
    ):
        assert words in message
    assert "Traceback" not in message


def test_warnings_of_the_cluster_are_shown_and_stop_nothing(platform: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = FittingCluster(settings_of("production"))
    cluster.nodes(node("1"))
    let_every_cluster_answer(monkeypatch, cluster.get)
    preview = platform.preview("production")
    assert preview.failed == ""
    assert [text.split("]")[0] for text in preview.messages if "nodes-too" in text] == [
        "[nodes-too-few",
        "[nodes-too-small",
    ]


def test_preview_fails_when_a_chart_does_not_exist(platform: Project) -> None:
    """`pulumi up` begins with a preview, so nothing is created."""
    platform.edit("staging", {"charts": {"loki": {"path": "charts/no-such-chart"}}})
    failed = platform.preview("staging").failed
    assert "charts/no-such-chart" in failed
    assert platform.memory.objects == {}

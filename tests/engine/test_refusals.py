"""What is refused under the real engine before anything is registered: one clear text each, and nothing half done."""

import pytest
from pulumi import automation as auto

from components import guards
from logstack.preflight.aws_account import Caller
from logstack.settings.load.stack_file import Value
from tests.support.engine import Project
from tests.support.reached import FittingCluster, by_a_cluster_that_answers, node
from tests.support.stacks import settings_of

pytestmark = [
    pytest.mark.prove,
    pytest.mark.filterwarnings("ignore:.*V2 has been deprecated in favor of:DeprecationWarning"),
]


def refused(platform: Project, stack: str, *, keys: bool = True) -> str:
    """What an up says that registers nothing: no resource, no state, no object."""
    selected = platform.stack(stack, keys=keys)
    with pytest.raises(auto.CommandError) as failure:
        selected.up(color="never")
    resources = platform.state(stack).get("resources", [])
    assert [each["type"] for each in resources if each["type"] != "pulumi:pulumi:Stack"] == []
    assert platform.memory.objects == {}
    assert platform.aws.resources == {}
    return " ".join(str(failure.value).split())


CASES: dict[str, tuple[str, dict[str, Value], str]] = {
    "another API server": (
        "production",
        {"cluster": {"apiServer": "https://10.9.9.9:6443"}},
        "points at https://10.0.40.2:6443, but this stack belongs to https://10.9.9.9:6443",
    ),
    "a context that is not there": (
        "production",
        {"cluster": {"context": "prodction"}},
        "unknown kubeconfig context 'prodction'",
    ),
    "a setting that is no setting": ("production", {"retentoin": "30d"}, "did you mean"),
    "two things at once": (
        "production",
        {"retention": "a week", "replicationFactor": 5},
        "2 errors",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_stack_file_is_refused_before_anything_is_registered(platform: Project, case: str) -> None:
    stack, change, words = CASES[case]
    platform.say(stack, change)
    assert words in refused(platform, stack)


def test_a_missing_secret_is_refused_before_anything_is_registered(platform: Project) -> None:
    said = refused(platform, "staging", keys=False)
    assert "needs an access key" in said
    assert "pulumi config set --secret logstack:accessKeyId" in said


def test_a_secret_in_clear_is_refused_before_anything_is_registered(platform: Project) -> None:
    stack = platform.stack("staging", keys=False)
    stack.set_config("logstack:accessKeyId", auto.ConfigValue("in-clear"))
    stack.set_config("logstack:secretAccessKey", auto.ConfigValue("in-clear-too"))
    said = refused(platform, "staging", keys=False)
    assert "accessKeyId is in clear text" in said


def test_another_aws_account_is_refused_before_anything_is_registered(
    platform: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = Caller("999999999999", "arn:aws:iam::999999999999:user/somebody")
    monkeypatch.setattr(guards, "shell_caller", lambda _: stranger)
    assert "belong to account 999999999999" in refused(platform, "aws")


def test_the_providers_own_refusal_of_another_account_comes_before_any_bucket(platform: Project) -> None:
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
    by_a_cluster_that_answers(monkeypatch, cluster.get)
    said = refused(platform, "production")
    assert "1 error, 3 warnings" in said
    for words in (
        "error[namespace-missing] logstack:cluster.namespace what: the cluster",
        'of context "production" has no namespace "monitoring"',
        "kubectl --context production create namespace monitoring",
        "warning[no-default-storage-class]",
        "warning[nodes-too-few]",
        "warning[nodes-too-small]",
    ):
        assert words in said
    assert "Traceback" not in said


def test_warnings_of_the_cluster_are_shown_and_stop_nothing(platform: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = FittingCluster(settings_of("production"))
    cluster.nodes(node("1"))
    by_a_cluster_that_answers(monkeypatch, cluster.get)
    preview = platform.preview("production")
    assert preview.failed == ""
    assert [text.split("]")[0] for text in preview.said if "nodes-too" in text] == [
        "[nodes-too-few",
        "[nodes-too-small",
    ]


def test_a_chart_that_cannot_be_had_stops_the_preview(platform: Project) -> None:
    """`pulumi up` looks before it acts: nothing is made."""
    platform.say("staging", {"charts": {"loki": {"path": "charts/no-such-chart"}}})
    failed = platform.preview("staging").failed
    assert "charts/no-such-chart" in failed
    assert platform.memory.objects == {}

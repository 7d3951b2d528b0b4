"""The label of Loki's ring: what a stack file declares, and which change would split a ring that runs."""

from itertools import product

import pytest

from logstack.manifests.loki.ring import RingLabel, ring_label, ring_label_of
from logstack.preflight.data_loss import Configuration, declared_configuration
from logstack.preflight.ring_label import refuse_split_ring
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.problems import StackProblems
from logstack.settings.tree import Settings
from tests.support.stacks import NAMES, settings_of

STAGES = ("tolerated", "sent", "verified")
OURS = "production.monitoring"


def with_stage(stage: str = "verified", **cluster: str) -> Settings:
    settings = settings_of("production")
    complete = settings.complete.model_dump()
    return Settings.model_validate({**complete, "cluster": {**complete["cluster"], "ring_label": stage, **cluster}})


def unlabelled() -> Configuration:
    """Return the configuration of code before the ring label."""
    configuration = declared_configuration(with_stage("tolerated"))
    memberlist = dict(configuration.config["memberlist"])  # type: ignore[call-overload]
    del memberlist["cluster_label_verification_disabled"]
    return Configuration({**configuration.config, "memberlist": memberlist}, configuration.overrides)


def ring_refusal(before: Configuration | None, after: Settings) -> str:
    try:
        refuse_split_ring(before, declared_configuration(after), after)
    except StackProblems as problems:
        return str(problems)
    return ""


@pytest.mark.parametrize("name", NAMES)
def test_new_stack_sends_its_label_and_refuses_every_other_one(name: str) -> None:
    settings = settings_of(name)
    label = f"{settings.cluster.name}.{settings.cluster.namespace}"
    memberlist = declared_configuration(settings).config["memberlist"]
    assert isinstance(memberlist, dict)
    assert memberlist["cluster_label"] == label
    assert "cluster_label_verification_disabled" not in memberlist
    assert ring_label_of(memberlist) == RingLabel(label, is_verified=True)
    assert ring_refusal(None, settings) == ""


@pytest.mark.parametrize("stage", STAGES)
def test_memberlist_section_is_read_as_it_is_written(stage: str) -> None:
    label = ring_label(ClusterSettings.model_validate({"name": "a", "context": "a", "ring_label": stage}))
    assert ring_label_of(label.memberlist) == label


def test_stages_lead_from_no_label_to_a_verified_one_and_back() -> None:
    before = unlabelled()
    for stage in (*STAGES, *reversed(STAGES)):
        assert ring_refusal(before, with_stage(stage)) == ""
        before = declared_configuration(with_stage(stage))


@pytest.mark.parametrize("stage", ["sent", "verified"])
def test_ring_without_a_label_does_not_get_one_in_one_step(stage: str) -> None:
    text = ring_refusal(unlabelled(), with_stage(stage))
    assert "error[ring-label-in-one-step] logstack:cluster.ringLabel" in text
    assert "the ring's pods send no ring label and refuse every other one" in text
    assert "ringLabel: tolerated, then sent, then without the line" in text


def test_skipped_stage_is_refused() -> None:
    assert "ringLabel: sent, then without the line" in ring_refusal(
        declared_configuration(with_stage("tolerated")), with_stage()
    )
    assert "ringLabel: sent" in ring_refusal(declared_configuration(with_stage()), with_stage("tolerated"))


def test_changed_cluster_name_changes_the_label_in_stages() -> None:
    renamed = with_stage(name="berlin")
    assert "with the former name, ringLabel: sent; then the new name" in ring_refusal(
        declared_configuration(with_stage()), renamed
    )
    steps = [with_stage("sent"), with_stage("sent", name="berlin"), renamed]
    for before, after in zip([with_stage(), *steps], steps, strict=False):
        assert ring_refusal(declared_configuration(before), after) == ""


def test_ring_in_another_namespace_is_another_ring() -> None:
    assert ring_refusal(unlabelled(), with_stage(namespace="logs")) == ""


def test_ring_of_one_pod_needs_no_stages() -> None:
    settings = settings_of("monolithic")
    before = declared_configuration(settings)
    memberlist = {key: value for key, value in before.config["memberlist"].items() if "label" not in key}  # type: ignore[attr-defined]
    assert ring_refusal(Configuration({**before.config, "memberlist": memberlist}, before.overrides), settings) == ""


def test_sharing_a_ring_is_symmetric() -> None:
    labels = [RingLabel(label, is_verified=verified) for label, verified in product(("", OURS, "b"), (True, False))]
    for one, other in product(labels, labels):
        assert one.can_share_a_ring(other) == other.can_share_a_ring(one)
        assert one.can_share_a_ring(one)

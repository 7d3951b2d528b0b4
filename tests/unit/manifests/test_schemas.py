"""Every declared object is valid in the schema of Kubernetes 1.34 or of its operator."""

import pytest

from logstack.manifests.charts import CHART
from logstack.manifests.manifest import mask_secrets
from tests.support.schemas import complaints
from tests.support.stacks import NAMES, declarations, settings_of

OBJECTS = [
    (stack, name)
    for stack in NAMES
    for name, child in declarations(settings_of(stack)).items()
    if child.type.startswith("kubernetes:") and child.type != CHART
]


@pytest.mark.parametrize(("stack", "name"), OBJECTS)
def test_declared_object_is_valid_in_the_kubernetes_schema(stack: str, name: str) -> None:
    inputs = declarations(settings_of(stack))[name].inputs
    assert complaints({key: mask_secrets(value) for key, value in inputs.items()}) == ""


WRONG = [
    ({"immutabel": True}, "Additional properties are not allowed ('immutabel' was unexpected)"),
    ({"data": {"a": 1}}, "1 is not of type"),
]


@pytest.mark.parametrize(("fields", "message"), WRONG)
def test_schema_check_reports_a_field_that_kubernetes_does_not_know(fields: dict[str, object], message: str) -> None:
    assert message in complaints({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, **fields})


def test_schema_check_reports_a_field_that_an_operator_does_not_know() -> None:
    claim = declarations(settings_of("ceph"))["store/store-claim"].inputs
    assert complaints(claim) == ""
    wrong_claim = {**claim, "spec": {"storageClassName": "ceph-bucket", "bucket": "loki-chunks"}}
    assert "('bucket' was unexpected)" in complaints(wrong_claim)

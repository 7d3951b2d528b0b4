"""The images that a cluster without a registry gets are those that its pods ask for."""

from collections.abc import Iterator

import pytest

from tests.cluster.images import NGINX, PLACED
from tests.support.objects import objects
from tests.support.stacks import settings_of
from tests.support.stores import Object

pytestmark = pytest.mark.real


def asked_for(workload: Object) -> Iterator[str]:
    """Without a digest, which an image that was made here cannot have."""
    pod = workload["spec"]["template"]["spec"]
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        yield container["image"].partition("@")[0]


def test_every_image_of_the_deployed_stacks_is_made_and_no_other() -> None:
    workloads = [
        each
        for stack in ("dev", "staging")
        for each in objects(settings_of(stack))
        if "template" in each.get("spec", {})
    ]
    assert {image for workload in workloads for image in asked_for(workload)} == {*PLACED, NGINX}

"""A cluster without a registry gets exactly the images that its pods need."""

from collections.abc import Iterator

import pytest

from tests.cluster.images import IMAGES, NGINX
from tests.support.objects import objects
from tests.support.stacks import settings_of
from tests.support.stores import Object

pytestmark = pytest.mark.real


def images_of(workload: Object) -> Iterator[str]:
    """Yield the images of a workload without their digests, which an image that was made here cannot have."""
    pod = workload["spec"]["template"]["spec"]
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        yield container["image"].partition("@")[0]


def test_images_are_exactly_those_of_the_deployed_stacks() -> None:
    workloads = [
        each
        for stack in ("dev", "staging")
        for each in objects(settings_of(stack))
        if "template" in each.get("spec", {})
    ]
    assert {image for workload in workloads for image in images_of(workload)} == {*IMAGES, NGINX}

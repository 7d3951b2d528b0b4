"""Clusters that reach no public registry: one line, and every image of every pod comes from the mirror.

grafana/loki#16197, grafana-community/helm-charts#748, grafana/helm-charts#1400: a registry and a pull Secret reached
some pods of the chart, and the canary's and the sidecars' images came from elsewhere.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logstack.manifests.images import pod_images
from logstack.settings.tree import Settings
from tests.cases.pods import STACKS, pods_of
from tests.support.stacks import NAMES, changed, settings_of
from tests.unit.settings.stacks import stack as stack_of

pytestmark = pytest.mark.real

MIRROR = "mirror.example.org"
AIR_GAPPED = {"registry": MIRROR, "pullSecrets": ["mirror"]}
every_stack = pytest.mark.parametrize("stack", NAMES)


def images_of(spec: dict[str, Any]) -> Iterator[str]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        yield from (each["image"] for each in spec.get(kind) or ())


def pulled(settings: Settings, directory: Path) -> set[str]:
    return {image for pods in pods_of(settings, directory) for image in images_of(pods.spec)}


def test_line_has_no_problem() -> None:
    assert stack_of("images: {registry: mirror.example.org, pullSecrets: [mirror]}").problems == ()


@every_stack
def test_one_line_sets_the_mirror_of_every_image_of_every_pod(stack: str, tmp_path: Path) -> None:
    pods = list(pods_of(changed(settings_of(stack), images=AIR_GAPPED), tmp_path))
    images = [image for each in pods for image in images_of(each.spec)]
    assert len(images) >= len(pods) > 1
    assert [image for image in images if not image.startswith(f"{MIRROR}/")] == []
    assert {each.name: each.spec.get("imagePullSecrets") for each in pods} == {
        each.name: [{"name": "mirror"}] for each in pods
    }


@every_stack
def test_listed_images_are_those_that_pods_pull(stack: str, tmp_path: Path) -> None:
    for settings in (settings_of(stack), changed(settings_of(stack), images=AIR_GAPPED)):
        listed = pod_images(settings)
        assert {_readable(each.pulled) for each in listed} == {_readable(each) for each in pulled(settings, tmp_path)}
        assert len({each.source for each in listed}) == len(listed)


def _readable(image: str) -> str:
    """Without the digest behind a tag, which the stand-in of Alloy's chart does not have."""
    name, _, digest = image.partition("@")
    return name if ":" in name.rpartition("/")[2] else f"{name}@{digest}"


def test_without_a_registry_every_image_is_public_and_no_secret_is_needed(tmp_path: Path) -> None:
    for stack in STACKS.values():
        pods = list(pods_of(Settings.model_validate(stack), tmp_path))
        hosts = {image.partition("/")[0] for each in pods for image in images_of(each.spec)}
        assert hosts <= {"docker.io", "quay.io", "ghcr.io"}
        assert [each.name for each in pods if each.spec.get("imagePullSecrets")] == []


@pytest.mark.parametrize(
    ("component", "image", "expected"),
    [
        ("loki", {"digest": f"sha256:{'1' * 64}"}, f"{MIRROR}/grafana/loki@sha256:{'1' * 64}"),
        (
            "gateway",
            {"registry": "harbor.example.org:5000/hub"},
            "harbor.example.org:5000/hub/nginxinc/nginx-unprivileged:",
        ),
        ("memcached", {"tag": "1.6.45-fips"}, f"{MIRROR}/library/memcached:1.6.45-fips"),
        ("memcachedExporter", {"repository": "a/exporter"}, f"{MIRROR}/a/exporter:"),
        ("alloy", {"repository": "hardened/alloy"}, f"{MIRROR}/hardened/alloy:v"),
        ("configReloader", {"tag": "v0.91.0"}, f"{MIRROR}/prometheus-operator/prometheus-config-reloader:v0.91.0"),
        ("canary", {"tag": "3.7.8-fips"}, f"{MIRROR}/grafana/loki-canary:3.7.8-fips"),
        ("objectStore", {"digest": f"sha256:{'2' * 64}"}, f"{MIRROR}/versity/versitygw@sha256:{'2' * 64}"),
    ],
)
def test_component_has_an_image_of_its_own(
    component: str, image: dict[str, str], expected: str, tmp_path: Path
) -> None:
    settings = changed(settings_of("private"), images={**AIR_GAPPED, component: image})
    without = pulled(changed(settings_of("private"), images=AIR_GAPPED), tmp_path)
    own = pulled(settings, tmp_path) - without
    assert len(own) == 1 or (component == "configReloader" and len(own) <= 1)
    assert all(each.startswith(expected) for each in own)

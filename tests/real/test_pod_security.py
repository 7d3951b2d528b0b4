"""Without the nodes' files no pod of a stack violates the Pod Security level `baseline`; checked offline.

tests/cluster/test_objects.py asks the API server itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from logstack.manifests.alloy.sources.catalog import needs_var_log
from tests.support.objects import objects
from tests.support.stacks import NAMES, settings_of

pytestmark = pytest.mark.real

BY_API = [name for name in NAMES if not needs_var_log(settings_of(name).collector.sources)]
# Kubernetes, Pod Security Standards, baseline: the capabilities that containers may add.
ALLOWED_CAPABILITIES = {"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"}
ALLOWED_CAPABILITIES |= {"AUDIT_WRITE", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}


def baseline_violations(pod: Mapping[str, Any]) -> Iterator[str]:
    """Yield the settings of a pod that the level forbids."""
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            yield key
    for volume in pod.get("volumes", []):
        if "hostPath" in volume:
            yield f"host path {volume['hostPath']['path']}"
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        yield from (f"{container['name']}: {what}" for what in _container_violations(container))


def _container_violations(container: Mapping[str, Any]) -> Iterator[str]:
    context = container.get("securityContext", {})
    if context.get("privileged"):
        yield "privileged"
    if context.get("seccompProfile", {}).get("type") == "Unconfined":
        yield "no seccomp profile"
    if set(context.get("capabilities", {}).get("add", [])) - ALLOWED_CAPABILITIES:
        yield "capabilities"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield "a port of the host"


def workload_violations(stack: str) -> dict[str, list[str]]:
    """Return the settings of each workload that the level forbids."""
    workloads = [each for each in objects(settings_of(stack)) if "template" in each.get("spec", {})]
    return {each["metadata"]["name"]: list(baseline_violations(each["spec"]["template"]["spec"])) for each in workloads}


@pytest.mark.parametrize("stack", BY_API)
def test_stack_that_reads_pods_by_the_api_meets_baseline(stack: str) -> None:
    violations = workload_violations(stack)
    assert {"alloy", "alloy-events", "loki-canary", "loki-gateway"} <= violations.keys()
    assert {name: why for name, why in violations.items() if why} == {}


def test_stacks_for_talos_and_longhorn_read_pods_by_the_api() -> None:
    assert {"ceph-ssd", "longhorn"} <= set(BY_API)


def test_stack_that_reads_the_nodes_files_violates_baseline() -> None:
    """The tests above can fail."""
    assert {name: why for name, why in workload_violations("ceph").items() if why} == {
        "alloy": ["host path /var/log", "host path /var/lib/docker/containers", "host path /var/lib/alloy"]
    }

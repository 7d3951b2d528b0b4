"""The pinned Alloy chart: the workload that it makes, which values restart its pods, and what it adds to them."""

from collections.abc import Iterator, Mapping

from logstack.manifests.charts import PinnedImage, Pods, Templates, Workload
from logstack.settings import pins
from logstack.settings.model.quantities import parse_cpu, parse_size
from logstack.settings.model.sizes import Resources

# Values of controller.type.
DAEMON_SET, DEPLOYMENT = "daemonset", "deployment"
# The default of configReloader.resources: a container beside each Alloy.
RELOADER = Resources.model_construct(cpu=parse_cpu("10m"), memory=parse_size("50Mi"))

ALLOY_IMAGE = PinnedImage("docker.io", "grafana/alloy", f"v{pins.ALLOY_VERSION}")
# The chart's tag has a digest behind it, which a copy keeps and a rebuilt image does not.
RELOADER_IMAGE = PinnedImage(
    "quay.io",
    "prometheus-operator/prometheus-config-reloader",
    f"v{pins.CONFIG_RELOADER_VERSION}@sha256:7d9e4eea5f1139e602508871f422b0116c60e87c662f3dcd234d5ab60cd0d8c1",
)

# Held against the chart as that of Loki's is (manifests/loki/chart.py).
TEMPLATES: Templates = (
    ("rbac*", (Pods.NONE,)),
    ("crds*", (Pods.NONE,)),
    ("serviceMonitor*", (Pods.NONE,)),
    ("networkPolicy*", (Pods.NONE,)),
    ("extraObjects*", (Pods.NONE,)),
    ("service.*", (Pods.NONE,)),
    ("controller.replicas", (Pods.NONE,)),
    ("controller.updateStrategy*", (Pods.NONE,)),
    ("*", (Pods.ALL,)),
)


def workloads(release: str, values: Mapping[str, object]) -> Iterator[Workload]:
    """Return the one workload that the chart makes of values."""
    controller = values.get("controller")
    if not isinstance(controller, Mapping):
        return
    if controller.get("type") == DEPLOYMENT:
        yield Workload("Deployment", release, "controller", int(str(controller.get("replicas", 1))))
    else:
        yield Workload("DaemonSet", release, "controller", None)

"""The running release's names and namespace, and whether logstack's objects have the same names."""

from logstack.adopt.documents import Release
from logstack.adopt.reading import Reading
from logstack.manifests.loki.chart import RELEASE

_CLUSTER = {
    "global.clusterDomain": "cluster.clusterDomain",
    "global.dnsService": "cluster.dnsService",
    "global.dnsNamespace": "cluster.dnsNamespace",
}


def names(reading: Reading, release: Release, cluster: str, context: str) -> None:
    """The cluster's group, and the names."""
    reading.write("cluster.name", cluster)
    reading.write("cluster.context", context)
    namespace = reading.text("namespaceOverride") or release.namespace or "monitoring"
    reading.write("cluster.namespace", namespace)
    reading.understood("namespaceOverride", "cluster.namespace")
    if not release.namespace and not reading.has("namespaceOverride"):
        reading.missing(
            "(the namespace)",
            "Helm values do not name it: the stack file has logstack's default, monitoring; write Loki's namespace",
            key="cluster.namespace",
        )
    for path, key in _CLUSTER.items():
        if (value := reading.text(path)) and value != reading.default(path):
            reading.write(key, value)
        reading.understood(path, key)
    _objects(reading, release.name)


def _objects(reading: Reading, release: str | None) -> None:
    """Compare object names, which follow from three values, and the release's name in the pods' selectors."""
    chart = reading.text("nameOverride") or RELEASE
    name = release or RELEASE
    full = reading.text("fullnameOverride") or (name if chart in name else f"{name}-{chart}")
    fits = (chart, full) == (RELEASE, RELEASE)
    for path in ("nameOverride", "fullnameOverride"):
        if fits:
            reading.understood(path, text=f"logstack's objects are named {RELEASE} too")
        else:
            reading.not_taken(
                path, f"logstack's objects are named {RELEASE}: only side by side is possible", decide=True
            )
    if not fits:
        reading.side_by_side.append(f"its objects are named {full}, logstack's are named {RELEASE}")
    if name != RELEASE:
        reading.side_by_side.append(
            f"its release is named {name}, which its pods' selectors contain; logstack's is named {RELEASE}"
        )
    if release is None:
        reading.missing(
            "(the release's name)",
            f"assumed to be {RELEASE}: with another name no object matches (helm list --all-namespaces shows it)",
        )

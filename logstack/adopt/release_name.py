"""What the running release is called, where it runs, and whether its objects are found again by name."""

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
    if not release.namespace and not reading.given("namespaceOverride"):
        reading.unsaid(
            "(the namespace)",
            "Helm values do not name it: written is monitoring, logstack's default; correct it to where Loki runs",
            key="cluster.namespace",
        )
    for path, key in _CLUSTER.items():
        if (value := reading.text(path)) and value != reading.default(path):
            reading.write(key, value)
        reading.understood(path, key)
    _objects(reading, release.name)


def _objects(reading: Reading, release: str | None) -> None:
    """The names of objects follow from three; the pods' selector from the release's name."""
    chart = reading.text("nameOverride") or RELEASE
    called = release or RELEASE
    full = reading.text("fullnameOverride") or (called if chart in called else f"{called}-{chart}")
    fits = (chart, full) == (RELEASE, RELEASE)
    for path in ("nameOverride", "fullnameOverride"):
        if fits:
            reading.understood(path, text=f"objects are called {RELEASE} here as well")
        else:
            reading.not_taken(path, f"objects are called {RELEASE} here: side by side only", decide=True)
    if not fits:
        reading.side_by_side.append(f"its objects are called {full}, logstack's {RELEASE}")
    if called != RELEASE:
        reading.side_by_side.append(
            f"the release is called {called}, which its pods' selectors carry; here it is {RELEASE}"
        )
    if release is None:
        reading.unsaid(
            "(the release's name)",
            f"taken for {RELEASE}: by any other name nothing is found again (helm list --all-namespaces shows it)",
        )

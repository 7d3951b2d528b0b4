"""The cluster."""

from collections import Counter
from collections.abc import Iterator

from logstack.settings.checks.check import reads
from logstack.settings.problems import Problem, Rule, listed
from logstack.settings.tree import Settings

NOT_CHECKED = Rule(
    "api-server-not-checked",
    "the stack is deployed to whatever cluster the context points at: renaming or merging kubeconfigs can change it",
    "warning",
)
IP_FAMILIES = Rule("ip-families", "pods have one address of each IP family at most, and at least one address")

RING_LABEL = Rule(
    "ring-label-unverified",
    "pods of another ring in the cluster (Tempo, Mimir, another Loki) that get the address of one of this ring's pods "
    "become its members",
    "warning",
)


@reads("cluster.api_server", "cluster.context")
def api_server(settings: Settings) -> Iterator[Problem]:
    """Check that the stack file names the API server of its context."""
    cluster = settings.cluster
    if cluster.api_server is None:
        fix = (
            "add apiServer: https://... to logstack:cluster, with the address that this prints:\n"
            f"kubectl config view --minify --context {cluster.context} -o jsonpath='{{.clusters[0].cluster.server}}'"
        )
        yield NOT_CHECKED.problem("cluster.apiServer", "apiServer is missing", fix)


@reads("cluster.ip_families")
def ip_families(settings: Settings) -> Iterator[Problem]:
    """Each family stands there once, and one at least."""
    families = settings.cluster.ip_families
    fix = "ipFamilies: [IPv4], [IPv6] or [IPv4, IPv6], or remove the line"
    if not families:
        yield IP_FAMILIES.problem("cluster.ipFamilies", "ipFamilies is empty", fix)
    if twice := [family for family, count in Counter(families).items() if count > 1]:
        yield IP_FAMILIES.problem("cluster.ipFamilies", f"ipFamilies has {listed(twice, 'and')} more than once", fix)


@reads("cluster.ring_label")
def ring_label(settings: Settings) -> Iterator[Problem]:
    """The stages of the ring label end."""
    stage = settings.cluster.ring_label
    if stage != "verified":
        then = "ringLabel: sent" if stage == "tolerated" else "logstack:cluster without ringLabel"
        what = f"ringLabel is {stage}: pods do not refuse members with another ring label"
        yield RING_LABEL.problem("cluster.ringLabel", what, f"when every Loki pod runs with it: {then}")


CHECKS = (api_server, ip_families, ring_label)

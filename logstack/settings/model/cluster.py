"""The cluster of a stack, and its namespace there."""

from typing import Annotated, Literal

from logstack.settings.model.base import DnsLabel, Group, spelled
from logstack.settings.model.bounds import ContextName, DnsText, NodeMemory
from logstack.settings.model.ranges import Switch

ApiServer = Annotated[
    str, spelled(r"^https://[^/\s]+/?$", "https:// and a host without a path, such as https://10.0.40.2:6443", 2048)
]


# As a Service's spec.ipFamilies has them.
IpFamily = Literal["IPv4", "IPv6"]

RingLabelStage = Literal["verified", "sent", "tolerated"]


class ClusterSettings(Group):
    """The Kubernetes cluster."""

    name: DnsLabel
    """The value of the label `cluster` on every line."""
    context: ContextName
    """The kubeconfig context to use; logstack never uses the current context instead."""
    api_server: ApiServer | None = None
    """The URL of the API server that the context must point at; logstack refuses any other before it changes
    anything."""
    namespace: DnsLabel = "monitoring"
    """The namespace of Loki, Alloy, the canary and the embedded object store."""
    create_namespace: Switch = False
    """Create the namespace. Pulumi protects it then: deleting it would delete every volume claim in it."""
    dns_service: DnsLabel = "kube-dns"
    """The cluster's DNS Service, for the gateway's resolver (RKE2: rke2-coredns-rke2-coredns)."""
    dns_namespace: DnsLabel = "kube-system"
    """The namespace of the DNS Service."""
    cluster_domain: DnsText = "cluster.local"
    """The cluster's DNS domain."""
    ip_families: tuple[IpFamily, ...] = ("IPv4", "IPv6")
    """The IP families of the nodes and pods, those of the pods' own addresses first. `[IPv4]` where nodes have no IPv6
    (`ipv6.disable=1`): the gateway's nginx does not start there otherwise. `[IPv6]` where pods have IPv6 addresses
    alone, `[IPv6, IPv4]` where these come first."""
    ring_label: RingLabelStage = "verified"
    """The label of Loki's ring, `<name>.<namespace>`, by which its pods refuse Tempo, Mimir and other Lokis. A ring
    that runs without one gets it in stages, each with its own `pulumi up`: `tolerated` (no pod sends it, none refuses
    it), `sent` (every pod sends it, none refuses another one), `verified`."""
    single_node: Switch = False
    """The cluster has one node: pods prefer to spread over nodes instead of having to."""
    node_memory: NodeMemory | None = None
    """Memory that pods may take of one node (`kubectl describe node` calls it allocatable): pods that no node has room
    for are refused, and the plan compares the sum."""
    skip_await: Switch = False
    """Do not wait for the charts' objects to become ready (clusters that cannot run pods)."""

    @property
    def has_ipv6(self) -> bool:
        """Whether nodes have IPv6."""
        return "IPv6" in self.ip_families

    @property
    def pods_prefer_ipv6(self) -> bool:
        """Whether a pod's own address is one of IPv6."""
        return self.ip_families[:1] == ("IPv6",)

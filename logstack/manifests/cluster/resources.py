"""The cluster's provider, and the namespace if it is ours."""

from logstack.manifests.manifest import ComponentTree, Manifest, kubernetes, labels
from logstack.settings.model.cluster import ClusterSettings

NAMESPACE = "kubernetes:core/v1:Namespace"


def cluster(name: str, settings: ClusterSettings) -> ComponentTree:
    """Return the Cluster component."""
    outputs = {"namespace": settings.namespace}
    provider = Manifest(
        type="pulumi:providers:kubernetes",
        name=f"{name}-provider",
        inputs={
            "context": settings.context,
            # The same whatever the stack says: without one, an edit of the kubeconfig can replace every resource, and
            # with another one every resource is replaced. Which cluster it is, apiServer says and the program checks.
            "clusterIdentifier": "logstack",
            # ConfigMaps and Secrets are updated in place: otherwise each change deletes and recreates them.
            "enableConfigMapMutable": True,
            "enableSecretMutable": True,
            # An update takes over the fields that kubectl or a release of Helm has set. Otherwise the API server
            # refuses it with a conflict, and an edit by hand could only be undone by hand.
            "enablePatchForce": True,
        },
    )
    if not settings.create_namespace:
        return ComponentTree("logstack:index:Cluster", name, (provider,), outputs)
    namespace = Manifest(
        type=NAMESPACE,
        name=f"{name}-namespace",
        inputs=kubernetes(NAMESPACE, settings.namespace, None, labels("logstack")),
        protect=True,  # deleting a namespace deletes every volume claim in it
    )
    return ComponentTree("logstack:index:Cluster", name, (provider, namespace), outputs)

"""The cluster's provider, and the namespace if it is ours."""

from logstack.manifests.declaration import Declaration, Part, kubernetes, labels
from logstack.settings.model.cluster import ClusterSettings

NAMESPACE = "kubernetes:core/v1:Namespace"


def cluster(name: str, settings: ClusterSettings) -> Part:
    """The Cluster part."""
    provider = Declaration(
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
        },
    )
    if not settings.create_namespace:
        return Part("logstack:index:Cluster", name, (provider,))
    namespace = Declaration(
        type=NAMESPACE,
        name=f"{name}-namespace",
        inputs=kubernetes(NAMESPACE, settings.namespace, None, labels("logstack")),
        protect=True,  # deleting a namespace deletes every volume claim in it
    )
    return Part("logstack:index:Cluster", name, (provider, namespace))

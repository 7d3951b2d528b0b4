"""The cluster."""

from collections.abc import Iterator

from logstack.settings.checks.check import reads
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

NOT_CHECKED = Rule(
    "api-server-not-checked",
    "the stack is deployed to whatever cluster the context points at: renaming or merging kubeconfigs can change it",
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


CHECKS = (api_server,)

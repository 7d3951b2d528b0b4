"""The cluster."""

from collections.abc import Iterator

from logstack.settings.checks.check import reads
from logstack.settings.model.tree import Settings
from logstack.settings.problems import Problem, Rule

NOT_CHECKED = Rule(
    "api-server-not-checked",
    "the stack goes to whatever cluster the context points at that day: renamed or merged kubeconfigs point elsewhere",
    "warning",
)


@reads("cluster.api_server", "cluster.context")
def api_server(settings: Settings) -> Iterator[Problem]:
    """The context is held against an address."""
    cluster = settings.cluster
    if cluster.api_server is None:
        fix = (
            "logstack:cluster: {apiServer: https://...}; the address is what this prints:\n"
            f"kubectl config view --minify --context {cluster.context} -o jsonpath='{{.clusters[0].cluster.server}}'"
        )
        yield NOT_CHECKED.problem("cluster.apiServer", "apiServer is not there", fix)


CHECKS = (api_server,)

"""Dev on a real cluster: what a newcomer deploys first. Only the context differs from the shipped stack file."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.engine import Project
from tests.support.live import Live

pytestmark = pytest.mark.cluster

STACK, NAMESPACE = "dev", "monitoring"


@pytest.fixture(scope="module")
def platform(cluster: Live, deploying: Project) -> Iterator[Project]:
    """Bring dev up, with the namespace that it creates."""
    cluster.remove_namespace(NAMESPACE)
    deploying.edit(STACK, {"cluster": {"context": cluster.context}})
    try:
        assert deploying.up(STACK).failed == ""
        yield deploying
    finally:
        deploying.destroy(STACK, exclude_protected=True)
        cluster.remove_namespace(NAMESPACE)


def test_every_pod_becomes_ready_and_the_canary_misses_nothing(
    cluster: Live, platform: Project, measured: Callable[[str], None]
) -> None:
    seconds = cluster.settle(NAMESPACE)
    pods = cluster.pods(NAMESPACE)
    assert platform.preview(STACK).changes == ()
    assert len(pods) == 6  # Loki, the gateway, Alloy, Alloy for events, the canary, the store
    count = cluster.canary(NAMESPACE, more=60)
    measured(f"dev on the cluster: {len(pods)} pods ready in {seconds:.0f} s; {count}")
    assert count.missing == 0


@pytest.mark.usefixtures("platform")
def test_logql_through_the_gateway_finds_lines_and_events(cluster: Live) -> None:
    assert cluster.streams(NAMESPACE, '{namespace="monitoring", cluster="dev"}', limit=50)
    assert cluster.events(NAMESPACE)

"""The leader of several compactors: always the first pod, so that one pod gets all delete requests.

Each compactor stores delete requests on its own volume. It reads the bucket's copy only without a file of its own, and
overwrites that copy (Loki 3.7.8, pkg/compactor/deletion/delete_requests_db_boltdb.go). The ring makes the pod
with the lowest token the leader, and only the leader carries requests out. Tokens are random, so the Service sent most
requests to pods that never carried them out. Here the first pod has the lowest token that the ring accepts, and the
gateway and the readers ask only that pod.
"""

import json

from logstack.manifests.loki.addresses import leader
from logstack.settings.model.loki import LokiSettings

# ring.Get(0) finds the first token above 0 (pkg/compactor/compactor.go: ringKeyOfLeader).
_LOWEST_TOKEN = 1
_RING_FILE = "compactor-token-"
# The pod's name: Loki expands it from the container's environment (-config.expand-env).
_POD = "${HOSTNAME}"


def is_elected(settings: LokiSettings) -> bool:
    """Return whether the ring elects one of several compactors."""
    return settings.replica_count(settings.compactor) > 1


def token_file(directory: str) -> str:
    """Return the path where a pod looks for its token; only the first pod finds one."""
    return f"{directory}/{_RING_FILE}{_POD}"


def token_files(settings: LokiSettings) -> dict[str, str]:
    """Return the first pod's token by file name, in Loki's own format."""
    if not is_elected(settings):
        return {}
    return {f"{_RING_FILE}{leader(settings)}": json.dumps({"tokens": [_LOWEST_TOKEN]})}

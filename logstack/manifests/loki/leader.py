"""Which of several compactors works: always the first pod, so that delete requests have one place to go.

Each pod of the role has a store of delete requests on its own volume: it reads the bucket's copy only when it has none,
and overwrites it with its own (Loki 3.7.8, pkg/compactor/deletion/delete_requests_db_boltdb.go). The ring makes the pod
with the lowest token the leader, which alone carries requests out. Tokens are random; so a request that the Service
gave to any pod was mostly one that nobody carried out. Here the first pod has the lowest token that the ring takes, and
the gateway and the readers ask that pod and no other.
"""

import json

from logstack.manifests.loki.addresses import leader
from logstack.settings.model.loki import LokiSettings

# ring.Get(0) finds the first token above 0 (pkg/compactor/compactor.go: ringKeyOfLeader).
_LOWEST_TOKEN = 1
_RING_FILE = "compactor-token-"
# The name of its own pod, which every container has in its environment and Loki puts in (-config.expand-env).
_POD = "${HOSTNAME}"


def is_elected(settings: LokiSettings) -> bool:
    """Whether there are several compactors, of which the ring chooses one."""
    return settings.replica_count(settings.compactor) > 1


def token_file(directory: str) -> str:
    """Where a pod looks for its token; the first one finds it there."""
    return f"{directory}/{_RING_FILE}{_POD}"


def token_files(settings: LokiSettings) -> dict[str, str]:
    """The first pod's token, as Loki would keep it, by the file's name."""
    if not is_elected(settings):
        return {}
    return {f"{_RING_FILE}{leader(settings)}": json.dumps({"tokens": [_LOWEST_TOKEN]})}

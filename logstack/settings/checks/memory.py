"""Memory: for the pods on their nodes, for replaying the write-ahead log, and for the caches."""

from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from logstack.settings.checks.check import reads
from logstack.settings.model.quantities import kubernetes_size, parse_size
from logstack.settings.model.sizes import CACHE_OVERHEAD, OTHER_PARTS
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

# Measured: a reader of Loki 3.7.8 just started, the least of all roles; a test holds it.
_AT_REST = parse_size("116Mi")
_SMALLEST_CACHE = parse_size("64Mi")

REPLAY_KILLS = Rule(
    "replay-ceiling-too-high",
    "a writer that restarts is killed again and again while it replays its log: its lines stay unreadable, and its "
    "replica is missing (linode/apl-core#3600)",
)
REPLAY_HIGH = Rule(
    "replay-ceiling-high",
    "Loki's documentation allows up to 75 % of the memory, Grafana's jsonnet takes 50 %: "
    "less remains for the lines that arrive meanwhile",
    "warning",
)
LIMIT_BELOW_REQUEST = Rule("memory-limit-below-request", "Kubernetes refuses the pods")
TOO_LITTLE = Rule(
    "memory-too-little-for-loki",
    "a Loki process that has only started holds 116Mi to 123Mi (measured, its own code included): with less, the "
    "kernel may kill it again and again",
    "warning",
)
CACHE_TOO_SMALL = Rule(
    "cache-too-small",
    "memcached hands memory out in pages of 1 MB for each of about 40 sizes of items (expected): a smaller cache "
    "stores almost nothing, and each query still pays for the lookup",
)
CACHES_LARGE = Rule(
    "caches-larger-than-loki",
    "each cache is one pod that needs a node with so much free memory, and stays Pending without one "
    "(grafana/loki#12809: the chart's default asks 9830Mi)",
    "warning",
)
POD_LARGER_THAN_NODE = Rule(
    "pod-larger-than-node",
    "no node takes the pod, which stays Pending, and the deployment waits for it",
)


@reads("caches", "cluster.node_memory", "deployment_mode", "resources", "size")
def pods_fit_a_node(settings: Settings) -> Iterator[Problem]:
    """Check that each pod fits on a node."""
    node = settings.cluster.node_memory
    if node is None:
        return
    pods: dict[str, int] = {role: settings.resources_of(role).memory for role in settings.roles}
    pods |= {f"{key} cache": int(size * CACHE_OVERHEAD) for key, size in _caches(settings)}
    for name, memory in pods.items():
        if memory > node:
            what = f"a {name} pod requests {_mebibytes(memory)}, but a node has {_mebibytes(node)}"
            fix = f"less memory for it, more and smaller pods, or nodes of {_mebibytes(memory)} and more (nodeMemory)"
            yield POD_LARGER_THAN_NODE.problem("cluster.nodeMemory", what, fix)


@reads("deployment_mode", "resources", "size", "wal_replay_ceiling")
def replay_ceiling(settings: Settings) -> Iterator[Problem]:
    """Check that a writer has the memory to replay its own log."""
    size, ceiling = settings.resources_of(settings.writer), settings.replay_ceiling
    memory = size.limit
    if memory is None or memory < size.memory or ceiling * 2 <= memory:
        return
    rule = REPLAY_KILLS if ceiling * 4 > memory * 3 else REPLAY_HIGH
    what = (
        f"the ceiling {kubernetes_size(ceiling)} is {ceiling * 100 // memory} % of a writer's {kubernetes_size(memory)}"
    )
    yield rule.problem("walReplayCeiling", what, "remove walReplayCeiling: the default is half of the memory")


@reads("deployment_mode", "resources", "size")
def loki_starts(settings: Settings) -> Iterator[Problem]:
    """Check that Loki starts within its memory limit, and that each limit is no less than its request."""
    for part in (*settings.roles, *OTHER_PARTS):
        size, key = settings.resources_of(part), to_camel(part.replace("-", "_"))
        if size.limit is not None and size.limit < size.memory:
            what = f"memoryLimit is {kubernetes_size(size.limit)}, and memory is {kubernetes_size(size.memory)}"
            fix = f"memoryLimit: {kubernetes_size(size.memory)}, or less memory"
            yield LIMIT_BELOW_REQUEST.problem(f"resources.{key}.memoryLimit", what, fix)
    for role in settings.roles:
        limit = settings.resources_of(role).limit
        if limit is not None and limit < _AT_REST:
            what = f"the memory limit of a {role} pod is {kubernetes_size(limit)}"
            fix = f"logstack:resources: {{{role.key}: {{memory: 256Mi}}}} or more, or memoryLimit: none"
            yield TOO_LITTLE.problem(f"resources.{role.key}", what, fix)


@reads("caches.chunks")
def chunks_cache(settings: Settings) -> Iterator[Problem]:
    """Check that the chunks cache is large enough to be useful."""
    return _worth_its_pod("chunks", settings.caches.chunks)


@reads("caches.results")
def results_cache(settings: Settings) -> Iterator[Problem]:
    """Check that the results cache is large enough to be useful."""
    return _worth_its_pod("results", settings.caches.results)


def _worth_its_pod(key: str, size: int | None) -> Iterator[Problem]:
    if size is not None and size < _SMALLEST_CACHE:
        what = f"the {key} cache has {kubernetes_size(size)}"
        yield CACHE_TOO_SMALL.problem(f"caches.{key}", what, f"logstack:caches: {{{key}: 64Mi}}, or remove {key}")


@reads("caches", "deployment_mode", "replicas", "resources", "size")
def caches_beside_loki(settings: Settings) -> Iterator[Problem]:
    """Check that the caches do not take more memory than Loki's pods."""
    caches = sum(int(size * CACHE_OVERHEAD) for _, size in _caches(settings))
    loki = sum(settings.resources_of(role).memory * settings.replica_count(role) for role in settings.roles)
    if caches > loki:
        what = f"the caches request {_mebibytes(caches)}, all Loki pods together {_mebibytes(loki)}"
        yield CACHES_LARGE.problem("caches", what, "logstack:caches: {chunks: 1Gi, results: 256Mi}, or no caches")


def _caches(settings: Settings) -> Iterator[tuple[str, int]]:
    for key, size in (("chunks", settings.caches.chunks), ("results", settings.caches.results)):
        if size is not None:
            yield key, size


def _mebibytes(size: int) -> str:
    return f"{size // 1024**2}Mi"


CHECKS = (loki_starts, replay_ceiling, chunks_cache, results_cache, caches_beside_loki, pods_fit_a_node)

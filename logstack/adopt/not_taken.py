"""Values that no stack file takes: why, and what follows. The first rule that fits speaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from logstack.adopt.chart import gone
from logstack.adopt.documents import templated
from logstack.adopt.loki_config import RUNNING, LokiConfig
from logstack.adopt.mode import writer_of
from logstack.adopt.paths import Path, at, leaves, path_of
from logstack.adopt.reading import Reading, Verdict
from logstack.adopt.units import loki_duration_of, loki_size_of
from logstack.adopt.vocabulary import is_known, meant
from logstack.manifests.loki import chart
from logstack.manifests.loki.config import loki_config
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.manifest import mask_secrets
from logstack.manifests.stores.kinds import store_access
from logstack.settings.model.loki import SINGLE_TENANT
from logstack.settings.model.tree import Settings
from logstack.settings.pins import LOKI_CHART

T, N = Verdict.TRANSLATED, Verdict.NOT_TAKEN


@dataclass(frozen=True)
class Row:
    """A rule for paths: keys with `*` for any part of a key, `|` between several, and all that is below."""

    paths: str
    verdict: Verdict
    text: str
    decide: bool = False


_SCHEDULING = "pods may run on every node, and on no tainted one: what kept them elsewhere is not there"
_ENVIRONMENT = (
    "Loki's pods have no environment, arguments or files of their own here: what they brought has to be said otherwise"
)
_NO_WAY_IN = "off: without effect"
_MONITORING = "no rules, alerts and dashboards are made: those of the chart go with its release"
_BUDGET = "where there is more than one pod, one may be away at a time"
_LABELS = "no labels or annotations of others here: whatever reads them finds none"
_OWN_CONFIG = "logstack writes the ConfigMap itself: loki-config"

ROWS: tuple[Row, ...] = (
    # Parts without pods.
    Row("serviceAccount.create|name", T, "one service account, called loki"),
    Row(
        "serviceAccount.annotations",
        N,
        "the annotations are the store's: kind aws-s3 sets those of a role",
        decide=True,
    ),
    Row("serviceAccount", N, "the chart's default"),
    Row("rbac", T, "Loki asks nothing of Kubernetes' API here"),
    Row("memberlist", T, "addresses of pods that are not ready are published, or no new ring would form"),
    Row("test", T, "no test pod: `logstack try` and the canary test"),
    Row("sidecar.rules", N, "no sidecar looks for rules in ConfigMaps: those rules are not read any more", decide=True),
    Row("sidecar", N, "no sidecar looks for rules in ConfigMaps"),
    Row("gateway.ingress|route", T, _NO_WAY_IN),
    Row("ingress|route", T, _NO_WAY_IN),
    Row(chart.BASIC_AUTH, T, "off: without effect"),
    Row(chart.BODY_LIMIT, T, "follows limits.ingestionBurst"),
    Row(f"{chart.NGINX}|containerPort", N, "nginx is configured by the chart's default"),
    Row("gateway.metrics|verboseLogging", N, "the chart's default, without the exporter of access logs"),
    Row(
        "monitoring.serviceMonitor",
        N,
        "no ServiceMonitor is made: Prometheus finds Loki only by one of your own",
        decide=True,
    ),
    Row("monitoring.dashboards|rules|alerts|selfMonitoring|additionalPrometheusRules", N, _MONITORING, decide=True),
    Row("monitoring", N, "nothing of it is made here"),
    Row("networkPolicy", N, "no NetworkPolicy is made: pods of the whole cluster reach Loki", decide=True),
    Row("minio|ignoreMinioDeprecation", T, "the chart's MinIO has no part here"),
    Row("extraObjects", N, "objects of others go with the release: apply them by other means first", decide=True),
    Row("imagePullSecrets", N, "images are pulled without a Secret", decide=True),
    Row("global.image|imageRegistry", N, "images come from their public registries", decide=True),
    Row("global.priorityClassName", N, _SCHEDULING, decide=True),
    Row("tableManager", N, "the table manager has ended: retention is the compactor's"),
    Row("migrate", N, "a migration from another release: end it first", decide=True),
    Row("kubeVersionOverride", T, "Pulumi's provider asks the cluster itself"),
    Row("rollout_operator|overridesExporter|kubectlImage|clusterLabelOverride", N, "not a part of logstack"),
    Row("enterprise|enterpriseGateway|adminApi", N, "of the Enterprise product, which is off: without effect"),
    Row("podDisruptionBudget", T, _BUDGET),
    Row("commonLabels", N, "no labels of others here: whatever reads them finds none"),
    Row("loki.configObjectName|generatedConfigObjectName|configStorageType", T, _OWN_CONFIG),
    Row("loki.memcached", T, "caches are those of `caches`"),
    Row("loki.ui", N, "the chart's UI has ended with 6.43: Grafana's Logs Drilldown is its successor"),
    Row("loki.storage", N, "logstack's S3 client has Loki's defaults for it", decide=True),
    # Whatever has pods.
    Row("*.nodeSelector|tolerations|topologySpreadConstraints|priorityClassName", N, _SCHEDULING, decide=True),
    Row("*.extraArgs|extraEnv|extraEnvFrom|extraVolumes|extraVolumeMounts", N, _ENVIRONMENT, decide=True),
    Row("*.extraVolumeClaimTemplates", N, _ENVIRONMENT, decide=True),
    Row(
        "*.initContainers|extraContainers|lifecycle|command",
        N,
        "pods have no containers or hooks of others here",
        decide=True,
    ),
    Row("*.image", N, "images are those that logstack pins: no other registry, name or version", decide=True),
    Row("*.resources", N, "by the size table: `size` and `resources` are the keys"),
    Row("*.autoscaling|kedaAutoscaling", N, "the number of pods is fixed here"),
    Row("*.podDisruptionBudget|maxUnavailable|maxSurge", T, _BUDGET),
    Row("*.podSecurityContext|containerSecurityContext|securityContext", T, "the chart's own, the restricted level"),
    Row("*.livenessProbe|readinessProbe|startupProbe", T, "the chart's own probes"),
    Row("*.terminationGracePeriodSeconds", T, "by the store: 300 s for a writer, 60 s with the embedded store"),
    Row("*.affinity", T, "pods of a part are on different nodes"),
    Row("*.serviceAccount", T, "one service account, called loki"),
    Row("*.annotations|labels|podAnnotations|podLabels|selectorLabels|serviceAnnotations|serviceLabels", N, _LABELS),
    Row("*.service|serviceType|appProtocol|trafficDistribution", N, "Services of the kind ClusterIP"),
    Row("*.persistence.accessModes", N, "a volume has one pod: ReadWriteOnce"),
    Row("*.persistence.*", N, "of volumes, size and class are taken"),
    Row("*.targetModule|podManagementPolicy|strategy|updateStrategy", T, "the mode decides"),
    Row("*.deploymentStrategy|statefulStrategy|kind|enabled", T, "the mode decides"),
    Row("*.statefulSetRecreateJob|fullnameOverride|sidecar", T, "the chart's default, with no job of its own"),
    Row("*.hostAliases|hostUsers|dnsConfig|resizePolicy|revisionHistoryLimit", N, "the chart's default"),
    Row("*.enableServiceLinks|automountServiceAccountToken", T, "off: Loki finds its peers by DNS"),
    # What is left of parts with pods.
    Row(
        "ruler",
        N,
        "rules stand in the store (or on the volume); those of values or ConfigMaps are not read any more",
        decide=True,
    ),
    Row("lokiCanary", N, "the canary is logstack's own: `canary` and resources.canary are the keys"),
    Row(
        "|".join((*(cache.key for cache in chart.CACHES), "memcached")),
        N,
        "of caches, the memory is taken; all else is the chart's default",
    ),
    Row("memcachedExporter", N, "no exporter beside the caches: their metrics are not there"),
    Row("defaults", N, "pods have the chart's defaults", decide=True),
)

# Loki's configuration, where it is not what logstack's says.
CONFIG_ROWS: tuple[Row, ...] = (
    Row(
        "ingester.chunk_encoding",
        T,
        "gzip: snappy was measured to store 1.55 times as much and to be no faster; old chunks stay readable",
    ),
    Row("ingester.wal", N, "logstack's own: flushed at the end, replayed into half of a writer's memory"),
    Row("ingester|ingester_client|distributor", N, "Loki's default"),
    Row(
        "common.path_prefix",
        N,
        "/var/loki, where the chart mounts the volume: what is elsewhere is not found",
        decide=True,
    ),
    Row("common|memberlist", T, "the ring is logstack's: by DNS, in memory"),
    Row(
        "storage_config.tsdb_shipper|boltdb_shipper|bloom_shipper|hedging",
        T,
        "directories of caches and addresses are logstack's; they fill anew",
    ),
    Row("storage_config.aws|object_store|filesystem", N, "the store's client has Loki's defaults for it", decide=True),
    Row("storage_config", N, "Loki's default", decide=True),
    Row("ruler.storage", T, "rules stand in the stack's one bucket: what is in another has to be copied; keys are not"),
    Row(
        "ruler",
        N,
        "rules are read from the store; what the ruler sends to, and by what, is not taken: no alert leaves Loki",
        decide=True,
    ),
    Row("analytics", T, "no report to Grafana"),
    Row("tracing", N, "Loki sends no spans"),
    Row("pattern_ingester|bloom_build|bloom_gateway", N, "experimental in Loki, and off here"),
    Row("compactor.working_directory", T, "on the volume, below /var/loki"),
    Row("compactor", N, "Loki's default"),
    Row("limits_config", N, "no key of a stack file: logstack's value or Loki's default holds", decide=True),
    Row("query_range.results_cache|cache_results", T, "caches.results decides"),
    Row("chunk_store_config", T, "caches.chunks decides"),
    Row(
        "server.http_listen_port|grpc_listen_port",
        T,
        "3100 and 9095: pods' ports are no business of clients, which ask the gateway",
    ),
    Row("runtime_config", T, "the overrides are a file of logstack's own"),
    Row("*", N, "Loki's default, or logstack's own"),
)


def unknown(reading: Reading) -> None:
    """Keys that no version of the chart reads, first of all: they say nothing today either."""
    for path in list(reading.open):
        if path[0] == RUNNING or is_known(path, reading.chart_defaults):
            continue
        near = meant(path, writer_of(reading).row.chart_key)
        text = "the chart reads no such key, so it is without effect today" + (
            f"; did you mean {near}?" if near else ""
        )
        reading.say(path, Verdict.UNKNOWN, text, decide=True)


def gone_keys(reading: Reading) -> None:
    """Keys that this version of the chart reads no more."""
    for path in list(reading.open):
        if (each := gone(path, reading.version)) is not None:
            major = ".".join(map(str, each.since))
            reading.not_taken(path, f"without effect today: the chart reads it no more since {major} ({each.instead})")


def defaults(reading: Reading) -> None:
    """Values that are the chart's own, and empty groups, which Helm merges away."""
    for path, value in reading.open.items():
        default = reading.default(path)
        known_empty = value in (None, [], "") and at(reading.chart_defaults, path) == value
        if value in ({}, default) or known_empty:
            reading.say(path, Verdict.DEFAULT, "")


def loki_values(reading: Reading, config: LokiConfig, settings: Settings) -> None:
    """What is left of Loki's configuration, beside what logstack's own says."""
    store = store_access(settings.object_store, settings.cluster, settings.former_object_store)
    ours = dict(leaves(mask_secrets(loki_config(settings, store, settings.cluster))))
    limits = at(loki_overrides(settings), ("overrides", SINGLE_TENANT))
    ours |= {("limits_config", *path): value for path, value in leaves(limits)}
    for path, said in config.said.items():
        if said.path not in reading.open:
            continue
        if path in ours and _same(said.value, ours[path]):
            reading.understood(said.path, text="logstack's loki.yaml says the same")
        elif templated(said.value):
            reading.translated(said.path, "an address that the chart fills in; logstack has its own")
        else:
            row = next(row for row in CONFIG_ROWS if _fits(row, path))
            known = ours.get(path) if path[0] == "limits_config" else None
            text = row.text if known is None else f"no key of a stack file: logstack has {known}"
            decide = row.decide and said.value != reading.default(said.path)
            reading.say(said.path, row.verdict, text, decide=decide)


def all_others(reading: Reading) -> None:
    """The rules for everything else."""
    for row in ROWS:
        for prefix in dict.fromkeys(_prefixes(reading, row)):
            off = reading.value((*prefix, "enabled")) is False
            if off:
                reading.translated(prefix, "off: without effect")
            empty = all(
                value in (None, "", [], {}) for path, value in reading.open.items() if path[: len(prefix)] == prefix
            )
            reading.say(prefix, row.verdict, row.text, decide=row.decide and not empty)
    for path in list(reading.open):
        text = f"no key of a stack file: the chart's default in {LOKI_CHART.version} holds"
        reading.not_taken(path, text, decide=True)


def _prefixes(reading: Reading, row: Row) -> Iterator[Path]:
    """The parts of open values that a rule is about."""
    for path in reading.open:
        depth = len(path_of(row.paths.replace("*.", "_.")))
        if len(path) >= depth and _fits(row, path):
            yield path[:depth]


def _fits(row: Row, path: Path) -> bool:
    levels = path_of(row.paths)
    return len(levels) <= len(path) and all(
        any(fnmatchcase(key, word) for word in level.split("|")) for level, key in zip(levels, path, strict=False)
    )


def _same(theirs: object, ours: object) -> bool:
    if theirs == ours or str(theirs) == str(ours):
        return True
    for read in (loki_duration_of, loki_size_of):
        if isinstance(theirs, str) and (found := read(theirs)) is not None and found == read(ours):
            return True
    return False

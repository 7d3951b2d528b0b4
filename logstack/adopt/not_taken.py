"""The values that no stack file takes, each with the reason and the consequence. The first matching rule applies."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from logstack.adopt.chart import gone
from logstack.adopt.documents import templated
from logstack.adopt.loki_config import RUNNING, LokiConfig
from logstack.adopt.mode import writer_of
from logstack.adopt.passing import pass_config, pass_value
from logstack.adopt.paths import Path, at, path_of, put
from logstack.adopt.reading import Reading, Verdict
from logstack.adopt.units import loki_duration_of, loki_size_of
from logstack.adopt.vocabulary import is_known, meant
from logstack.manifests.loki import chart
from logstack.manifests.loki.config import loki_config
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.manifest import mask_secrets
from logstack.manifests.stores.kinds import store_access
from logstack.settings.model.loki import SINGLE_TENANT
from logstack.settings.passthrough.documents import leaves
from logstack.settings.passthrough.misfits import UnknownKey, misfits
from logstack.settings.passthrough.tables import loki_config as loki_config_table
from logstack.settings.pins import LOKI_CHART
from logstack.settings.tree import Settings

T, N = Verdict.TRANSLATED, Verdict.NOT_TAKEN


@dataclass(frozen=True)
class Row:
    """A rule for paths: keys with `*` for any part of a key, `|` between several, and all that is below."""

    paths: str
    verdict: Verdict
    text: str
    decide: bool = False
    passes: bool = False
    """Whether the stack passes the values on where it can; the rule is for those that it cannot pass on."""


_SCHEDULING = "nothing that `scheduling` takes, or of a pod that logstack does not run"
_ENVIRONMENT = (
    "logstack adds no environment variables, arguments or files to Loki's pods: configure their purpose in another way"
)
_OFF = "off: without effect"
_MONITORING = "logstack creates no rules, alerts or dashboards: removing the release removes the chart's"
_BUDGET = "with more than one pod, one may be unavailable at a time"
_LABELS = "nothing that `metadata` takes, or set by logstack itself"
_OWN_CONFIG = "logstack writes the ConfigMap loki-config itself"

ROWS: tuple[Row, ...] = (
    # Parts without pods.
    Row("serviceAccount.create|name", T, "one service account named loki"),
    Row(
        "serviceAccount.annotations",
        N,
        "logstack sets the annotations itself: object store kind aws-s3 adds the role's",
        decide=True,
    ),
    Row("serviceAccount", N, "the chart's default"),
    Row("rbac", T, "Loki does not use the Kubernetes API"),
    Row("memberlist", T, "the memberlist Service publishes unready pods too; otherwise no new ring could form"),
    Row("test", T, "no test pod: `logstack try` and the canary test instead"),
    Row(
        "sidecar.rules", N, "no sidecar reads rules from ConfigMaps: Loki no longer evaluates those rules", decide=True
    ),
    Row("sidecar", N, "no sidecar reads rules from ConfigMaps"),
    Row("gateway.ingress|route", T, _OFF),
    Row("ingress|route", T, _OFF),
    Row(chart.BASIC_AUTH, T, "off: without effect"),
    Row(chart.BODY_LIMIT, T, "follows limits.ingestionBurst"),
    Row(f"{chart.NGINX}|containerPort", N, "nginx uses the chart's default"),
    Row("gateway.metrics|verboseLogging", N, "the chart's default, without the access log exporter"),
    Row(
        "monitoring.serviceMonitor",
        N,
        "logstack creates no ServiceMonitor: add your own, or Prometheus does not scrape Loki",
        decide=True,
        passes=True,
    ),
    Row("monitoring.dashboards|rules|alerts|selfMonitoring|additionalPrometheusRules", N, _MONITORING, decide=True),
    Row("monitoring", N, "logstack creates none of it"),
    Row(
        "networkPolicy",
        N,
        "logstack creates no NetworkPolicy: every pod in the cluster can reach Loki",
        decide=True,
        passes=True,
    ),
    Row("minio|ignoreMinioDeprecation", T, "logstack does not use the chart's MinIO"),
    Row("extraObjects", N, "removing the release removes these objects: apply them in another way first", decide=True),
    Row("imagePullSecrets", N, "not a list of Secrets' names: `images.pullSecrets` takes them", decide=True),
    Row("global.image.pullPolicy", T, "the chart's default, IfNotPresent"),
    Row("global.image|imageRegistry|registry", N, "not a registry: `images.registry` takes one", decide=True),
    Row("global.priorityClassName", N, _SCHEDULING, decide=True),
    Row("tableManager", N, "Loki has no table manager any more: the compactor applies retention"),
    Row("migrate", N, "a migration from another release: finish it first", decide=True),
    Row("kubeVersionOverride", T, "Pulumi's provider reads the version from the cluster"),
    Row("rollout_operator|overridesExporter|kubectlImage|clusterLabelOverride", N, "logstack does not run it"),
    Row("enterprise|enterpriseGateway|adminApi", N, "belongs to the Enterprise product, which is off: without effect"),
    Row("podDisruptionBudget", T, _BUDGET),
    Row("commonLabels", N, "logstack adds no custom labels: tools that read them find none", passes=True),
    Row("loki.configObjectName|generatedConfigObjectName|configStorageType", T, _OWN_CONFIG),
    Row("loki.memcached", T, "the key `caches` configures caches"),
    Row("loki.ui", N, "the chart dropped its UI in 6.43: use Grafana's Logs Drilldown"),
    Row("loki.storage", N, "logstack's S3 client uses Loki's default", decide=True),
    # Keys of any component with pods.
    Row(
        "*.nodeSelector|tolerations|topologySpreadConstraints|priorityClassName",
        N,
        _SCHEDULING,
        decide=True,
    ),
    Row("*.extraEnv|extraEnvFrom|extraVolumes|extraVolumeMounts", N, _ENVIRONMENT, decide=True, passes=True),
    Row("*.extraArgs", N, _ENVIRONMENT, decide=True),
    Row("*.extraVolumeClaimTemplates", N, _ENVIRONMENT, decide=True),
    Row(
        "*.initContainers|extraContainers|lifecycle|command",
        N,
        "logstack adds no custom containers or hooks to pods",
        decide=True,
    ),
    Row(
        "*.image",
        N,
        "`images` takes a registry, a name, a tag and a digest: this is none of them, or logstack runs no such pod",
        decide=True,
    ),
    Row("*.resources", N, "the size table decides; `size` and `resources` change it"),
    Row("*.autoscaling|kedaAutoscaling", N, "nothing that `autoscaling` takes, or off"),
    Row("*.podDisruptionBudget|maxUnavailable|maxSurge", T, _BUDGET),
    Row(
        "*.podSecurityContext|containerSecurityContext|securityContext",
        T,
        "the chart's default, which meets the restricted level",
    ),
    Row("*.livenessProbe|readinessProbe|startupProbe", T, "the chart's default probes"),
    Row("*.terminationGracePeriodSeconds", T, "the store decides: 300 s for a writer, 60 s with the embedded store"),
    Row("*.affinity", T, "pods of one role run on different nodes"),
    Row("*.serviceAccount", T, "one service account named loki"),
    Row(
        "*.annotations|labels|podAnnotations|podLabels|selectorLabels|serviceAnnotations|serviceLabels",
        N,
        _LABELS,
        passes=True,
    ),
    Row("*.service|serviceType|appProtocol|trafficDistribution", N, "Services have type ClusterIP"),
    Row("*.persistence.accessModes", N, "one pod uses each volume: ReadWriteOnce"),
    Row("*.persistence.*", N, "only a volume's size and storage class are converted"),
    Row("*.targetModule|podManagementPolicy|strategy|updateStrategy", T, "the mode decides"),
    Row("*.deploymentStrategy|statefulStrategy|kind|enabled", T, "the mode decides"),
    Row("*.statefulSetRecreateJob|fullnameOverride|sidecar", T, "the chart's default, without a job"),
    Row("*.hostAliases|hostUsers|dnsConfig|resizePolicy|revisionHistoryLimit", N, "the chart's default"),
    Row("*.enableServiceLinks|automountServiceAccountToken", T, "off: Loki finds its peers through DNS"),
    # Every other key of components with pods.
    Row(
        "ruler",
        N,
        "the ruler reads rules from the store or the volume, and no longer from values or ConfigMaps",
        decide=True,
    ),
    Row("lokiCanary", N, "logstack runs its own canary: `canary` and resources.canary configure it"),
    Row(
        "|".join((*(cache.key for cache in chart.CACHES), "memcached")),
        N,
        "only a cache's memory is converted; the chart's defaults apply to the rest",
    ),
    Row("memcachedExporter", N, "logstack runs no memcached exporter: the caches' metrics are missing"),
    Row("defaults", N, "the chart's defaults apply to pods", decide=True),
)

# Loki's configuration, where it differs from logstack's.
CONFIG_ROWS: tuple[Row, ...] = (
    Row(
        "ingester.chunk_encoding",
        T,
        "gzip: snappy stores 1.56 times the bytes for 0.79 of a writer's CPU (measured); old chunks stay readable",
    ),
    Row("ingester.wal", N, "logstack's setting: flushed on shutdown, replayed into half of a writer's memory"),
    Row("ingester|ingester_client|distributor", N, "Loki's default", passes=True),
    Row(
        "common.path_prefix",
        N,
        "/var/loki, where the chart mounts the volume: Loki does not find data in other folders",
        decide=True,
    ),
    Row("common|memberlist", T, "logstack configures the ring: found through DNS, stored in memory"),
    Row(
        "storage_config.tsdb_shipper|boltdb_shipper|bloom_shipper|hedging",
        T,
        "logstack sets cache directories and addresses; the caches fill again",
    ),
    Row("storage_config.aws|object_store|filesystem", N, "the store's client uses Loki's default", decide=True),
    Row("storage_config", N, "Loki's default", decide=True, passes=True),
    Row(
        "ruler.storage",
        T,
        "rules are in the store's bucket, or in objectStore.rulesBucket; keys are not copied",
    ),
    Row(
        "ruler",
        N,
        "the ruler reads rules from the store; its alert targets are not converted, so Loki sends no alerts",
        decide=True,
        passes=True,
    ),
    Row("analytics", T, "Loki sends no usage report to Grafana"),
    Row("tracing", N, "Loki sends no spans", passes=True),
    Row("pattern_ingester|bloom_build|bloom_gateway", N, "experimental in Loki, and off in logstack", passes=True),
    Row("compactor.working_directory", T, "on the volume, below /var/loki"),
    Row("compactor", N, "Loki's default", passes=True),
    Row("limits_config", N, "no stack-file key: logstack's value or Loki's default applies", decide=True, passes=True),
    Row("query_range.results_cache|cache_results", T, "caches.results decides"),
    Row("chunk_store_config", T, "caches.chunks decides"),
    Row(
        "server.http_listen_port|grpc_listen_port",
        T,
        "3100 and 9095: clients use the gateway, not the pods' ports",
    ),
    Row("runtime_config", T, "logstack writes the overrides file itself"),
    Row("*", N, "logstack's value or Loki's default applies", passes=True),
)


def unknown(reading: Reading) -> None:
    """Report keys that no version of the chart reads; they have no effect today either."""
    for path in list(reading.open):
        if path[0] == RUNNING or is_known(path, reading.chart_defaults):
            continue
        near = meant(path, writer_of(reading).row.chart_key)
        text = "the chart has no such key: without effect today" + (f"; did you mean {near}?" if near else "")
        reading.add(path, Verdict.UNKNOWN, text, decide=True)


def gone_keys(reading: Reading) -> None:
    """Report keys that the chart dropped before this version."""
    for path in list(reading.open):
        if (each := gone(path, reading.version)) is not None:
            major = ".".join(map(str, each.since))
            reading.not_taken(path, f"without effect today: the chart dropped it in {major} ({each.instead})")


def defaults(reading: Reading) -> None:
    """Report values that equal the chart's default, and empty groups, which Helm merges away."""
    for path, value in reading.open.items():
        default = reading.default(path)
        known_empty = value in (None, [], "") and at(reading.chart_defaults, path) == value
        if value in ({}, default) or known_empty:
            reading.add(path, Verdict.DEFAULT, "")


def loki_values(reading: Reading, config: LokiConfig, settings: Settings) -> None:
    """Compare the open values of Loki's configuration with logstack's loki.yaml and overrides."""
    store = store_access(settings.object_store, settings.cluster, settings.former_object_store)
    ours = dict(leaves(mask_secrets(loki_config(settings, store, settings.cluster))))
    limits = at(loki_overrides(settings), ("overrides", SINGLE_TENANT))
    ours |= {("limits_config", *path): value for path, value in leaves(limits)}
    for path, setting in config.settings.items():
        if setting.path not in reading.open:
            continue
        if path in ours and _same(setting.value, ours[path]):
            reading.understood(setting.path, text="the same in logstack's loki.yaml")
        elif reading.starts_anew and _is_gone(path, setting.value):
            reading.translated(setting.path, "Loki 3 has no such setting")
        elif templated(setting.value):
            reading.translated(setting.path, "an address that the chart fills in; logstack sets its own")
        else:
            row = next(row for row in CONFIG_ROWS if _fits(row, path))
            if row.passes and pass_config(reading, setting.path, path, setting.value):
                continue
            default = ours.get(path) if path[0] == "limits_config" else None
            text = row.text if default is None else f"no stack-file key: logstack sets {default}"
            is_of_old_volume = reading.starts_anew and path == ("common", "path_prefix")
            decide = row.decide and setting.value != reading.default(setting.path) and not is_of_old_volume
            reading.add(setting.path, row.verdict, text, decide=decide)


def _is_gone(path: Path, value: object) -> bool:
    """Return whether the pinned Loki has no key of that name."""
    document: dict[str, object] = {}
    put(document, path, value)
    return any(isinstance(misfit, UnknownKey) for misfit in misfits(loki_config_table(), document))


def linux_nodes(reading: Reading) -> None:
    """Report node selectors that ask for Linux alone, as every pod of logstack does."""
    for path, value in list(reading.open.items()):
        if path[-2:] == ("nodeSelector", "kubernetes.io/os") and value == "linux":
            reading.translated(path, "every pod runs on a Linux node")


def all_others(reading: Reading) -> None:
    """Report every other open value by the rules."""
    for row in ROWS:
        for prefix in dict.fromkeys(_prefixes(reading, row)):
            off = reading.value((*prefix, "enabled")) is False
            if off:
                reading.translated(prefix, "off: without effect")
            for path, value in reading.open.items() if row.passes else ():
                if path[: len(prefix)] == prefix:
                    pass_value(reading, path, value)
            empty = all(
                value in (None, "", [], {}) for path, value in reading.open.items() if path[: len(prefix)] == prefix
            )
            reading.add(prefix, row.verdict, row.text, decide=row.decide and not empty)
    for path in list(reading.open):
        text = f"no stack-file key: the default of chart version {LOKI_CHART.version} applies"
        reading.not_taken(path, text, decide=True)


def _prefixes(reading: Reading, row: Row) -> Iterator[Path]:
    """Return the path prefixes of open values that match a rule."""
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
        if isinstance(theirs, str) and (amount := read(theirs)) is not None and amount == read(ours):
            return True
    return False

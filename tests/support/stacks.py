"""The stacks that the tests use: those that this repository ships, and examples with other settings."""

from collections import deque
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

import yaml

from logstack.manifests.charts import CHART
from logstack.manifests.deployment import deployment
from logstack.manifests.manifest import ComponentTree, Json, Manifest, yaml_text
from logstack.settings.load.loader import load_stack_file
from logstack.settings.load.stack_file import PROJECT, Value, read_stack_file, stacks
from logstack.settings.tree import Settings

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 6, 1)

SHIPPED = tuple(stacks(ROOT))
AWS = ROOT / "examples" / "aws"
GCP = ROOT / "examples" / "gcp"
AZURE = ROOT / "examples" / "azure"


def _stack_keys(stack: str, directory: Path) -> dict[str, Value]:
    config = read_stack_file(stack, directory).config
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in config.items()}


EXAMPLES: Mapping[str, Mapping[str, Value]] = {
    "monolithic": {
        "cluster": {
            "name": "edge",
            "context": "edge",
            "createNamespace": True,
            "namespace": "logs",
            "singleNode": True,
        },
        "deploymentMode": "monolithic",
        "replicationFactor": 1,
        "size": "extra-small",
        "objectStore": {"kind": "filesystem"},
        "gateway": {"replicas": 1},
        "ingress": {
            "kind": "ingress",
            "host": "loki.moria-lab.com",
            "className": "traefik",
            "tls": {"secretName": "moria-lab-cert", "clusterIssuer": "letsencrypt"},
            "annotations": {"traefik.ingress.kubernetes.io/router.entrypoints": "websecure"},
        },
        "collector": {
            "namespaces": {"only": ["shop", "shop-test"], "never": ["shop-noise"]},
            "indexLabels": ["cluster", "namespace", "pod", "stream", "app"],
        },
        "canary": {"route": "direct", "interval": "10s"},
        "grafana": {"namespace": "grafana", "traceLinks": {"datasourceUid": "tempo"}},
    },
    "aws": {
        "cluster": {"name": "eu", "context": "eu", "apiServer": "https://eks.example"},
        "objectStore": {
            "kind": "aws-s3",
            "bucket": "acme-logs",
            "region": "eu-central-1",
            "accountId": "123456789012",
            "identity": {
                "kind": "irsa",
                "eksCluster": "eu",
                "oidcProvider": "oidc.eks.eu-central-1.amazonaws.com/id/0A",
            },
        },
        "gateway": {"auth": {"credentialsSecret": "loki-gateway"}},
        "ingress": {
            "kind": "gateway-api",
            "host": "logs.example.com",
            "path": "/loki/api/v1/push",
            "gateway": {"name": "public", "namespace": "edge", "sectionName": "https"},
        },
        "canary": {"enabled": False},
        "caches": {"chunks": "2Gi"},
        "schemaPeriods": [{"from": "2024-04-01"}, {"from": "2025-01-01", "indexPrefix": "index_"}],
    },
    "distributed": {
        "cluster": {"name": "plant", "context": "plant", "apiServer": "https://10.0.50.2:6443"},
        "deploymentMode": "distributed",
        "replicas": {"querier": 2, "compactor": 2},
        "storageClass": "fast",
        "objectStore": {
            "kind": "s3-compatible",
            "endpoint": "https://s3.example",
            "bucket": "loki-plant",
            "credentialsSecret": "loki-s3-secret",
            "credentialsKeys": {"accessKeyId": "rootUser", "secretAccessKey": "rootPassword"},
            "caSecret": "loki-s3-ca",
        },
        "caches": {"chunks": "1Gi", "results": "256Mi"},
        "resources": {"queryFrontend": {"cpu": "250m", "memory": "1Gi"}},
    },
    "aws-pods": _stack_keys("aws", AWS),
    "gcp": _stack_keys("gcp", GCP),
    "azure": _stack_keys("azure", AZURE),
    # A cluster without the internet, whose Loki has nodes of its own.
    "private": {
        "cluster": {"name": "vault", "context": "vault", "apiServer": "https://10.0.70.2:6443"},
        "deploymentMode": "simple-scalable",
        "objectStore": {"kind": "embedded", "credentialsSecret": "loki-s3"},
        "caches": {"chunks": "1Gi", "results": "512Mi"},
        "collector": {
            "sources": {"events": True},
            "scheduling": {"tolerations": [{"operator": "Exists"}], "priorityClass": "system-node-critical"},
        },
        "canary": {"scheduling": {"nodeSelector": {"canary": "yes"}, "tolerations": []}},
        "charts": {
            "loki": {"repository": "oci://mirror.example.org/charts"},
            "alloy": {"repository": "oci://mirror.example.org/charts"},
        },
        "images": {
            "registry": "mirror.example.org",
            "pullSecrets": ["mirror"],
            "gateway": {"registry": "harbor.example.org:5000/hub", "digest": f"sha256:{'5' * 64}"},
            "alloy": {"repository": "hardened/alloy", "digest": f"sha256:{'a' * 64}"},
            "configReloader": {"tag": "v0.91.0"},
            "memcached": {"repository": "hardened/memcached", "tag": "1.6.45-fips"},
            "canary": {"tag": "3.7.8-fips"},
        },
        "autoscaling": {
            "write": {"maxReplicas": 6, "cpu": 70},
            "read": {"maxReplicas": 8},
            "backend": {"maxReplicas": 4, "cpu": 80, "memory": 90},
            "gateway": {"maxReplicas": 5, "memory": 80},
        },
        "metadata": {
            "podAnnotations": {"example.com/scrape": "true"},
            "podLabels": {"team": "logs"},
            "serviceAnnotations": {"example.com/probe": "no"},
            "serviceLabels": {"team": "logs"},
            "components": {
                "write": {"podLabels": {"team": "storage", "tier": "write"}},
                "gateway": {"podAnnotations": {"mesh.example.com/inject": "true"}},
                "alloy": {"serviceAnnotations": {"example.com/probe": "yes"}},
                "canary": {"serviceLabels": {"probe": "canary"}},
            },
        },
        "scheduling": {
            "nodeSelector": {"pool": "obs"},
            "tolerations": [{"key": "dedicated", "value": "obs", "effect": "NoSchedule"}],
            "topologySpread": [{"topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}],
            "priorityClass": "logs",
            "components": {
                "write": {
                    "nodeSelector": {"pool": "obs", "disk": "nvme"},
                    "affinity": {
                        "nodeAffinity": {
                            "preferredDuringSchedulingIgnoredDuringExecution": [
                                {
                                    "weight": 10,
                                    "preference": {
                                        "matchExpressions": [{"key": "cpu", "operator": "In", "values": ["fast"]}]
                                    },
                                }
                            ]
                        }
                    },
                },
                "gateway": {"affinity": {"podAntiAffinity": {}}, "topologySpread": []},
                "caches": {"nodeSelector": {"pool": "memory"}},
                "objectStore": {"nodeSelector": {"pool": "disks"}, "topologySpread": []},
            },
        },
    },
    # From its own S3 server to an existing one: lines of earlier days stay in the old one until they expire.
    "moving": {
        "cluster": {"name": "moving", "context": "moving", "apiServer": "https://10.0.60.2:6443"},
        "size": "extra-small",
        "schemaPeriods": [{"from": "2024-04-01"}, {"from": "2026-05-20"}],
        "objectStore": {
            "kind": "s3-compatible",
            "endpoint": "http://10.0.60.10:9000",
            "bucket": "loki-moving",
            "credentialsSecret": "loki-s3",
        },
        "formerObjectStore": {
            "before": "2026-05-20",
            "store": {"kind": "embedded", "bucket": "loki", "size": "50Gi", "credentialsSecret": "loki-s3-former"},
        },
        "grafana": {"enabled": False},
    },
    # What owners of Loki set beyond logstack's own keys.
    "passing": {
        "cluster": {"name": "tuned", "context": "tuned", "apiServer": "https://10.0.70.2:6443"},
        "deploymentMode": "monolithic",
        "replicas": {"monolithic": 3},
        "size": "small",
        "objectStore": {
            "kind": "s3-compatible",
            "endpoint": "https://s3.example",
            "bucket": "loki-tuned",
            "rulesBucket": "loki-tuned-rules",
            "credentialsSecret": "loki-s3",
            "caSecret": "loki-tuned-ca",
            "caKey": "root.pem",
        },
        "gateway": {"auth": {"credentialsSecret": "loki-gateway"}},
        "limits": {"maxQuerySeries": 2000},
        "tenants": [
            {
                "name": "shop",
                "namespaces": ["shop"],
                "user": "shop",
                "limits": {"maxQuerySeries": 5000},
                "config": {"max_query_parallelism": 64, "shard_streams": {"desired_rate": "3MB"}},
            }
        ],
        "loki": {
            "config": {
                "query_scheduler": {"max_outstanding_requests_per_tenant": 4096},
                "ingester": {"chunk_idle_period": "1h", "chunk_target_size": 1572864},
                "pattern_ingester": {"enabled": True},
                "limits_config": {"max_label_names_per_series": 20, "discover_service_name": ["app", "job"]},
                "server": {"http_server_idle_timeout": "1m"},
            },
            "values": {"defaults": {"extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}]}},
        },
        "alloy": {
            "config": (
                'loki.source.syslog "firewalls" {\n\tlistener {\n\t\taddress = "0.0.0.0:5514"\n'
                '\t\tlabels  = {job = "firewalls"}\n\t}\n\n\tforward_to = [loki.process.lines.receiver]\n}\n'
            ),
            "values": {
                "alloy": {"extraPorts": [{"name": "syslog", "port": 5514, "targetPort": 5514, "protocol": "TCP"}]},
            },
        },
        "collector": {"indexLabels": ["cluster", "namespace", "pod", "stream", "job"]},
        "canary": {"enabled": False},
    },
    # Three single binaries, and every setting differs from its default.
    "unusual": {
        "cluster": {
            "name": "lab",
            "context": "admin@lab",
            "apiServer": "https://10.9.8.7:6443",
            "clusterDomain": "home.arpa",
            "dnsService": "rke2-coredns-rke2-coredns",
            "dnsNamespace": "dns",
            "skipAwait": True,
        },
        "deploymentMode": "monolithic",
        "replicas": {"monolithic": 3},
        "retention": "90d",
        "retentionStreams": [
            {"selector": '{namespace="airflow"}', "period": "180d"},
            {"selector": '{component=~"debug|trace", stream="stdout"}', "period": "3d", "priority": 10},
        ],
        "size": "medium",
        "resources": {
            "objectStore": {"cpu": "300m", "memory": "768Mi"},
            "alloy": {"cpu": "150m", "memory": "640Mi"},
            "canary": {"cpu": "20m", "memory": "96Mi"},
        },
        "limits": {
            "ingestionRate": "30Mi",
            "ingestionBurst": "60Mi",
            "maxStreams": 50_000,
            "maxQueryLength": "31d",
            "queryTimeout": "10m",
        },
        "caches": {"chunks": "1Gi", "results": "512Mi"},
        "storageClass": "fast",
        "lokiVersion": "3.7.9",
        "objectStore": {
            "kind": "embedded",
            "bucket": "lab-logs",
            "size": "200Gi",
            "storageClass": "bulk",
            "credentialsSecret": "lab-keys",
        },
        "gateway": {"auth": {"credentialsSecret": "lab-gateway"}},
        "ingress": {
            "kind": "ingress",
            "host": "loki.home.arpa",
            "path": "/",
            "tls": {"secretName": "loki-tls", "issuer": "home"},
        },
        "tenants": [
            {
                "name": "team-a",
                "namespaces": ["shop", "bank"],
                "retention": "30d",
                "retentionStreams": [{"selector": '{namespace="bank"}', "period": "365d"}],
                "user": "shop@home.arpa",
                "limits": {"ingestionRate": "5Mi", "ingestionBurst": "80Mi", "maxQueryLength": "7d"},
            },
            {"name": "Team_(b)", "namespaces": ["mail"], "user": "default", "limits": {"maxStreams": 100}},
        ],
        "canary": {"route": "direct"},
        "collector": {
            "sources": {
                "events": True,
                "journal": {"enabled": True, "units": ["kubelet.service", "containerd.service"], "maxAge": "2h"},
                "nodeFiles": [{"path": "/var/log/audit/*.log", "job": "audit"}],
                "otlp": {"grpc": True, "http": True},
                "push": True,
            },
            "namespaces": {"never": ["noise"]},
            "pods": {"only": {"tier": "backend"}, "never": {"logs.example.com/skip": "yes"}},
            "labels": {"team": "example.com/team"},
            "indexLabels": ["namespace", "pod", "stream", "node", "component", "team"],
            "parsers": [
                {
                    "match": {"namespace": "shop", "app": "cart-*"},
                    "format": "json",
                    "fields": {"trace_id": "trace.id", "user": "context.user"},
                    "timestamp": {"field": "ts", "format": "2006-01-02 15:04:05", "timeZone": "Europe/Berlin"},
                    "multiline": {"language": "java", "maxLines": 500, "maxWait": "1s"},
                },
                {"match": {"namespace": "airflow"}, "format": "airflow", "multiline": {"language": "python"}},
                {
                    "match": {"app": "nginx"},
                    "pattern": r'^(?P<client>\S+) \S+ \S+ \[[^\]]+\] "(?P<method>\S+) [^"]*" (?P<status>\d+)',
                },
                {"match": {"job": "audit"}, "format": "logfmt", "multiline": {"firstLine": r"^type=\w+"}},
            ],
            "drop": [
                {"name": "health", "match": {"app": "nginx"}, "pattern": r'"GET /health'},
                {"name": "debug", "match": {"namespace": "shop"}, "pattern": "level=debug", "keep": 0.05},
            ],
            "longLines": "drop",
            "rateLimits": [{"rate": 2000, "burst": 10_000}, {"namespace": "batch", "rate": 200, "burst": 500}],
            "maxAge": "3d",
            "batchSize": "512Ki",
            "batchWait": "2s",
            "maxBackoff": "2m",
            "maxRetries": 50,
            "writeAheadLog": True,
            "redact": {"secretfilter": True},
            "stability": "experimental",
        },
        "grafana": {"name": "Lab's logs", "uid": "lab", "sidecarLabel": "datasource", "sidecarLabelValue": "yes"},
        "charts": {
            "loki": {"repository": "oci://mirror.home.arpa/charts"},
            "alloy": {"path": "vendor/alloy"},
        },
    },
}
NAMES = (*SHIPPED, *EXAMPLES)


@cache
def settings_of(name: str) -> Settings:
    """Return a stack's settings."""
    if name in EXAMPLES:
        return Settings.model_validate(EXAMPLES[name])
    return load_stack_file(name, ROOT, today=TODAY).settings


def changed(settings: Settings, **changes: object) -> Settings:
    """Return the settings with other values of top-level keys; every other key is set explicitly to its value."""
    return Settings.model_validate({**settings.complete.model_dump(), **changes})


# The latest deployments: a test reads several files of the same settings.
_latest: deque[tuple[Settings, tuple[ComponentTree, ...]]] = deque(maxlen=4)


def declarations(settings: Settings) -> dict[str, Manifest]:
    """Return every manifest of a stack, by its component's and its own logical name."""
    return {f"{tree.name}/{manifest.name}": manifest for tree in _deployment(settings) for manifest in tree.manifests}


def _deployment(settings: Settings) -> tuple[ComponentTree, ...]:
    """Return the deployment of this settings object; an equal object gets a new one."""
    for known, trees in _latest:
        if known is settings:
            return trees
    _latest.append((settings, deployment(settings)))
    return _latest[-1][1]


def data(declared: Mapping[str, Manifest], name: str) -> str:
    """Return the first file of a ConfigMap."""
    files = declared[name].inputs["data"]
    assert isinstance(files, Mapping)
    text, *_ = files.values()
    assert isinstance(text, str)
    return text


def chart_values(settings: Settings, chart: str, release: str | None = None) -> dict[str, Json]:
    """Return the values of a chart; `release` chooses one of several releases of the same chart."""
    values = declarations(settings)[f"{chart}/{release or chart}"].inputs["values"]
    assert isinstance(values, dict)
    return values


def releases(settings: Settings) -> list[tuple[str, str]]:
    """Return the charts of a stack and their releases' names."""
    charts = (name.partition("/") for name, each in declarations(settings).items() if each.type == CHART)
    return [(chart, release) for chart, _, release in charts]


def artefacts(settings: Settings) -> dict[str, str]:
    """Return all that a stack deploys, as files; `objects.yaml` names the other files in place of their text."""
    declared = declarations(settings)
    files = {
        "loki.yaml": data(declared, "loki/loki-config"),
        "overrides.yaml": data(declared, "loki/loki-overrides"),
        "config.alloy": data(declared, "alloy/alloy-config"),
        "loki-values.yaml": yaml_text(chart_values(settings, "loki")),
        "alloy-values.yaml": yaml_text(chart_values(settings, "alloy")),
    }
    if settings.collector.sources.events:
        files["events.alloy"] = data(declared, "alloy/alloy-events-config")
        files["alloy-events-values.yaml"] = yaml_text(chart_values(settings, "alloy", "alloy-events"))
    if "grafana/grafana-datasource" in declared:
        files["datasource.yaml"] = data(declared, "grafana/grafana-datasource")
    return {
        **files,
        "objects.yaml": yaml.dump(
            [_component(tree) for tree in _deployment(settings)], Dumper=_Dumper, sort_keys=False, width=120
        ),
    }


class _Dumper(yaml.SafeDumper):
    """A dumper that writes a repeated value again instead of an anchor."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the library's signature
        return True


def _component(tree: ComponentTree) -> dict[str, object]:
    return {"type": tree.type, "name": tree.name, "children": [_manifest(each) for each in tree.manifests]}


def _manifest(manifest: Manifest) -> dict[str, object]:
    inputs: dict[str, object] = {key: _readable(value) for key, value in manifest.inputs.items()}
    if manifest.type == CHART:
        inputs["values"] = f"({manifest.name}-values.yaml)"
    elif manifest.type.endswith(":ConfigMap"):
        inputs["data"] = [f"({name})" for name in _mapping(manifest.inputs["data"])]
    options = {
        "dependsOn": list(manifest.depends_on),
        "protect": manifest.protect,
        "retainOnDelete": manifest.retain_on_delete,
    }
    return {
        "type": manifest.type,
        "name": manifest.name,
        **{key: value for key, value in options.items() if value},
        "inputs": inputs,
    }


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value


def _readable(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _readable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    return value if isinstance(value, str | int | float | bool) else repr(value)

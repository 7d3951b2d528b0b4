"""Settings that hypothesis generates: whatever the types allow, within what the checks accept."""

import re
from typing import Any, get_args

from hypothesis import strategies as st

from logstack.settings.model.collector import KNOWN_LABELS, STABILITIES
from logstack.settings.model.redaction import RedactionName
from logstack.settings.tree import Settings

Keys = st.SearchStrategy[dict[str, Any]]

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z0-9]", fullmatch=True)
DAYS = st.integers(1, 400)
SIZES = st.integers(4 * 1024, 2 * 1024**3)
# No line and no push is larger than a message that Loki accepts.
MESSAGES = st.integers(4 * 1024, 100 * 1024**2)
_MEMORY = st.sampled_from(["384Mi", "1Gi", "1500Mi", "6Gi"])
# Durations within the ranges of settings/model/bounds.py: a query's range may be longer than the wait for a batch.
_LONG = st.sampled_from(["90s", "5m", "12h", "1d12h", "30d"])
_PAUSES = st.sampled_from(["1s", "90s", "5m"])
# Where the stack file accepts any text.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)


def _group(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> Keys:
    return st.fixed_dictionaries(required, optional=optional)


_RESOURCES = _group(
    {"cpu": st.sampled_from(["100m", "2", "0.5"]), "memory": _MEMORY},
    memoryLimit=st.sampled_from(["none", "8Gi"]),
    disk=st.just("15Gi"),
)
_KEYS = _group({}, accessKeyId=NAMES, secretAccessKey=NAMES)
_EMBEDDED = _group(
    {"kind": st.just("embedded"), "bucket": NAMES},
    size=st.just("5Gi"),
    credentialsSecret=NAMES,
    credentialsKeys=_KEYS,
)
_EXISTING = _group(
    {
        "kind": st.just("s3-compatible"),
        "bucket": NAMES,
        "endpoint": st.sampled_from(["http://10.0.40.10:9000", "https://s3.example"]),
    },
    pathStyle=st.booleans(),
    credentialsSecret=NAMES,
    credentialsKeys=_KEYS,
    caSecret=NAMES,
    caKey=NAMES,
    rulesBucket=NAMES,
    region=st.sampled_from(["us-east-1", "garage"]),
)
_BY_CLAIM = _group(
    {"kind": st.just("ceph-bucket-claim"), "bucket": NAMES, "storageClass": NAMES}, tls=st.booleans(), caSecret=NAMES
)
_EXTERNAL = _group(
    {
        "secretStore": _group({"name": NAMES}, kind=st.sampled_from(["SecretStore", "ClusterSecretStore"])),
        "remoteKey": st.sampled_from(["loki/s3", "Loki's key"]),
    },
    properties=_group({}, accessKeyId=NAMES, secretAccessKey=NAMES),
    refreshInterval=_LONG,
)
_BY_EXTERNAL_SECRET = _group(
    {
        "kind": st.just("s3-compatible"),
        "bucket": NAMES,
        "endpoint": st.just("http://rook-ceph-rgw-a.b.svc:80"),
        "externalSecret": _EXTERNAL,
    }
)
_IDENTITY = st.one_of(
    _group({"eksCluster": NAMES}),
    _group({"kind": st.just("irsa"), "eksCluster": NAMES, "oidcProvider": st.just("oidc.example/id/0A")}),
    _group(
        {
            "kind": st.sampled_from(["irsa", "pod-identity"]),
            "roleArn": st.just("arn:aws-us-gov:iam::123456789012:role/a/loki"),
        },
        eksCluster=NAMES,
    ),
)
_AWS = _group(
    {
        "kind": st.just("aws-s3"),
        "bucket": NAMES,
        "region": st.sampled_from(["eu-central-1", "us-gov-west-1"]),
        "accountId": st.from_regex(r"[0-9]{12}", fullmatch=True),
    },
    identity=_IDENTITY,
    create=st.booleans(),
    rulesBucket=NAMES,
    credentialsSecret=NAMES,
    credentialsKeys=_KEYS,
    kmsKeyArn=st.just("arn:aws:kms:eu-central-1:123456789012:key/0a"),
)
_GCS = _group(
    {
        "kind": st.just("gcs"),
        "bucket": NAMES.map(lambda name: f"acme-{name}"[:63].rstrip("-")),
        "project": st.just("acme-logs"),
        "location": st.sampled_from(["europe-west3", "EU"]),
        "identity": st.one_of(
            st.just({"projectNumber": "123456789012"}),
            st.just({"serviceAccount": "loki-logs@acme-logs.iam.gserviceaccount.com"}),
        ),
    },
    create=st.booleans(),
)
_AZURE_PLACE = {
    "resourceGroup": st.just("logging"),
    "subscriptionId": st.just("11111111-2222-3333-4444-555555555555"),
    "tenantId": st.just("66666666-7777-8888-9999-000000000000"),
    "location": st.just("westeurope"),
}
_AZURE = _group(
    {
        "kind": st.just("azure"),
        "account": st.from_regex(r"[a-z0-9]{3,24}", fullmatch=True),
        "container": NAMES.map(lambda name: re.sub("-+", "-", f"acme-{name}")),
        "identity": st.just({"oidcIssuer": "https://westeurope.oic.example/tenant/id/"}),
        **_AZURE_PLACE,
    },
    create=st.booleans(),
)
_NAMED = st.one_of(
    _group(
        {
            "kind": st.just("s3-compatible"),
            "bucket": NAMES,
            "endpoint": st.sampled_from(["http://old", "https://old"]),
            "credentialsSecret": NAMES,
        },
        credentialsKeys=_KEYS,
        caSecret=NAMES,
    ),
    _group(
        {
            "kind": st.just("aws-s3"),
            "create": st.just(value=False),
            "bucket": NAMES,
            "region": st.just("us-east-2"),
            "credentialsSecret": NAMES,
        }
    ),
)
_FORMER = _group({"before": st.just("2024-04-01"), "store": _NAMED})
_CLUSTER = _group(
    {"name": NAMES, "context": NAMES},
    namespace=NAMES,
    createNamespace=st.booleans(),
    singleNode=st.booleans(),
    nodeMemory=st.just("64Gi"),
    skipAwait=st.booleans(),
)
_LIMITS = _group(
    {},
    ingestionRate=SIZES,
    ingestionBurst=SIZES,
    perStreamRate=SIZES,
    maxLineSize=MESSAGES,
    maxStreams=st.integers(1, 10**7),
    maxQueryLength=_LONG,
    maxQueryLookback=_LONG,
    queryTimeout=st.sampled_from(["1m", "10m"]),
)
# Labels that lines have from every source, and texts for them.
_MATCH = st.dictionaries(st.sampled_from(["job", "pod", "app", "node"]), TEXTS | st.just("*"), max_size=2)
_PATTERN = st.sampled_from([r"^(?P<time>\S+) (?P<level>[A-Z]+)", r"(?i)(?<time>\d{2}):\d+ \[(?P<thread>[^\]]*)\]"])
_FIRST_LINE = st.sampled_from([r"^\d{4}-", "^\\[", "ERROR|äöü", 'a"b'])
_LAYOUT = st.sampled_from(["RFC3339Nano", "UnixMs", "2006-01-02 15:04:05,000", "Jan _2 06"])
_FIELD = st.sampled_from(["user", "usr", "trace_id", "Team9"])
_MULTILINE = st.one_of(
    _group({"language": st.sampled_from(["java", "python", "go"])}, maxLines=st.integers(2, 10_000)),
    _group({"firstLine": _FIRST_LINE}, maxWait=_PAUSES),
)
_ZONE = st.sampled_from(["Europe/Berlin", "UTC"])


def _timestamp(field: st.SearchStrategy[str]) -> Keys:
    return _group({"field": field}, format=_LAYOUT, timeZone=_ZONE)


_PARSER = st.one_of(
    _group({"format": st.sampled_from(["auto", "klog", "text", "access", "airflow"])}, multiline=_MULTILINE),
    _group(
        {"format": st.just("json")},
        fields=st.dictionaries(_FIELD, st.sampled_from(["user", "trace.id", '"a-b".c || d', "a[0]"])),
        timestamp=_timestamp(st.sampled_from(["time", '"@timestamp"'])),
        multiline=_MULTILINE,
    ),
    _group(
        {"format": st.just("logfmt")},
        fields=st.lists(st.tuples(_FIELD, TEXTS.filter(bool)), unique_by=(lambda two: two[0], lambda two: two[1])).map(
            dict
        ),
        timestamp=_timestamp(TEXTS.filter(bool)),
        multiline=_MULTILINE,
    ),
    _group({"pattern": _PATTERN}, timestamp=_timestamp(st.just("time")), multiline=_MULTILINE),
    _group({"multiline": _MULTILINE}),
)


def _parsers(entries: list[tuple[dict[str, Any], dict[str, str]]]) -> list[dict[str, Any]]:
    """Return parsers for different jobs, so that no line matches two."""
    return [
        parser | {"match": match | {"job": f"{index}{match.get('job', '')}"}}
        for index, (parser, match) in enumerate(entries)
    ]


def _named(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules with a unique name for each."""
    return [rule | {"name": f"rule-{index}"} for index, rule in enumerate(rules)]


_SOURCES = _group(
    {},
    pods=st.sampled_from(["files", "api"]),
    events=st.booleans(),
    journal=_group({"enabled": st.just(value=True)}, units=st.lists(NAMES, max_size=3), maxAge=_LONG),
    nodeFiles=st.sampled_from(
        [
            [{"path": "/var/log/syslog", "job": "syslog"}],
            [{"path": "/var/log/nginx/**/*.log", "job": "web"}, {"path": '/var/log/a "b"/{c,d}', "job": "a\\b"}],
        ]
    ),
    otlp=_group(
        {},
        grpc=st.booleans(),
        http=st.booleans(),
        indexLabels=st.lists(st.sampled_from(["cloud.region", "a/b-c.d"]), unique=True),
    ),
    push=st.booleans(),
)
_DROP = _group({"match": _MATCH, "pattern": _PATTERN | _FIRST_LINE}, keep=st.floats(0, 1, exclude_max=True))
_CUSTOM = _group({"pattern": _PATTERN | _FIRST_LINE}, replacement=st.sampled_from(["", "XXX", "<{{ ' }}>"]))
_LIMIT = _group({"rate": st.integers(1, 10**6), "burst": st.integers(1, 10**6)}, namespace=NAMES)
_POD_LABELS = st.dictionaries(st.sampled_from(["tier", "example.com/team"]), NAMES, max_size=2)
_FURTHER_LABELS = {"team": "example.com/team", "Tier_9": "tier"}
_COLLECTOR = _group(
    {},
    sources=_SOURCES,
    pods=st.one_of(_group({"only": _POD_LABELS}), _group({"never": _POD_LABELS})),
    labels=st.just(_FURTHER_LABELS),
    indexLabels=st.lists(st.sampled_from([*KNOWN_LABELS, *_FURTHER_LABELS]), min_size=1, unique=True),
    namespaces=_group(
        {}, only=st.lists(NAMES, max_size=3), never=st.lists(NAMES.map(lambda name: f"{name}-never-wanted"), max_size=3)
    ),
    parsers=st.lists(st.tuples(_PARSER, _MATCH), max_size=4).map(_parsers),
    drop=st.lists(_DROP, max_size=3).map(_named),
    redact=_group(
        {},
        rules=st.lists(st.sampled_from(get_args(RedactionName)), unique=True),
        custom=st.lists(_CUSTOM, max_size=2).map(_named),
    ),
    longLines=st.sampled_from(["cut", "drop"]),
    rateLimits=st.lists(_LIMIT, max_size=3, unique_by=lambda limit: limit.get("namespace")),
    maxAge=_LONG,
    batchSize=MESSAGES,
    batchWait=_PAUSES,
    maxBackoff=_PAUSES,
    maxRetries=st.integers(1, 1000),
    stability=st.sampled_from(STABILITIES),
)
_TENANT_LIMITS = _group(
    {},
    ingestionRate=SIZES,
    ingestionBurst=st.integers(1024**2, 2 * 1024**3),
    maxStreams=st.integers(1, 10**7),
    maxQueryLength=_LONG,
    maxQueryLookback=_LONG,
    queryTimeout=st.sampled_from(["1m", "10m"]),
)


def _tenants(entries: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return tenants with different namespaces and users."""
    return [
        {"name": f"Tenant_{name}", "namespaces": [name, f"{name}-of-the-tenant"], "user": f"{name}.user", **limits}
        for name, limits in entries
    ]


_TENANTS = st.lists(
    st.tuples(NAMES, _group({}, limits=_TENANT_LIMITS)), max_size=3, unique_by=lambda entry: entry[0]
).map(_tenants)
_AUTH = _group({"credentialsSecret": NAMES})
_ROUTE = {"host": NAMES.map(lambda name: f"{name}.example.com")}
_PATHS = st.sampled_from(["/", "/loki", "/loki/api/v1/push"])
_NOTES = st.dictionaries(st.just("example.com/note"), TEXTS)
_INGRESS = st.one_of(
    _group(
        {"kind": st.just("ingress"), **_ROUTE},
        path=_PATHS,
        className=NAMES,
        tls=_group({"secretName": NAMES}, issuer=NAMES),
        annotations=_NOTES,
    ),
    _group(
        {"kind": st.just("gateway-api"), **_ROUTE, "gateway": _group({"name": NAMES}, namespace=NAMES)},
        path=_PATHS,
        annotations=_NOTES,
    ),
)
_STREAM = _group(
    {
        "selector": st.sampled_from(
            ['{namespace="airflow"}', '{namespace=~"a|b", stream!="stderr"}', "{app=~`x.+`}", '{pod="p-0", app=~"w.*"}']
        ),
        "period": DAYS.map(lambda days: f"{days}d"),
    },
    priority=st.integers(0, 100),
)
_STREAMS = st.lists(_STREAM, max_size=3, unique_by=lambda rule: rule["selector"])
_TENANTS_KEEP = st.tuples(_TENANTS, _group({}, retention=DAYS.map(lambda days: f"{days}d"), retentionStreams=_STREAMS))
_GRAFANA = _group(
    {},
    enabled=st.booleans(),
    namespace=NAMES,
    name=TEXTS,
    traceLinks=_group({"datasourceUid": NAMES}, pattern=TEXTS),
)
_PERIODS = st.sampled_from(
    [
        [{"from": "2024-04-01"}],
        [{"from": "2023-01-01", "indexPrefix": "index_"}, {"from": "2024-04-01"}],
        [{"from": "2022-01-01", "store": "boltdb-shipper", "schema": "v12"}, {"from": "2024-04-01"}],
    ]
)


# What is passed on: values that no key decides, of each type.
_PASSED_TO_LOKI = _group(
    {},
    config=st.sampled_from(
        [
            {"ingester": {"chunk_idle_period": "1h"}, "pattern_ingester": {"enabled": True}},
            {"limits_config": {"split_queries_by_interval": "30m", "discover_service_name": ["app"]}},
            {"querier": {"max_concurrent": 32}, "server": {"http_server_idle_timeout": "1m"}},
        ]
    ),
    values=st.sampled_from([{"defaults": {"extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}]}}]),
)
_PASSED_TO_ALLOY = _group(
    {},
    config=st.sampled_from(
        ['loki.echo "own" { }', 'loki.relabel "own" {\n\tforward_to = [loki.write.default.receiver]\n}']
    ),
    values=st.sampled_from([{"alloy": {"extraPorts": [{"name": "own", "port": 5514, "protocol": "TCP"}]}}]),
)


_QUALIFIED = st.sampled_from(["tier", "example.com/team"])
_METADATA = _group(
    {},
    podAnnotations=st.dictionaries(_QUALIFIED, TEXTS, max_size=2),
    podLabels=st.dictionaries(_QUALIFIED, NAMES, max_size=2),
    serviceAnnotations=st.dictionaries(_QUALIFIED, TEXTS, max_size=2),
    serviceLabels=st.dictionaries(_QUALIFIED, NAMES, max_size=2),
)
_TOLERATION = st.one_of(
    _group({"key": _QUALIFIED}, value=NAMES, effect=st.sampled_from(["NoSchedule", "PreferNoSchedule"])),
    _group({"operator": st.just("Exists")}, key=_QUALIFIED),
)
_SPREAD = _group(
    {"topologyKey": st.just("topology.kubernetes.io/zone")},
    maxSkew=st.integers(1, 3),
    whenUnsatisfiable=st.just("ScheduleAnyway"),
)
_NODE_AFFINITY = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["nvme"]}]}]
        }
    }
}
_SCHEDULING_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "nodeSelector": st.dictionaries(_QUALIFIED, NAMES, min_size=1, max_size=2),
    "tolerations": st.lists(_TOLERATION, min_size=1, max_size=2),
    "affinity": st.sampled_from([{}, _NODE_AFFINITY]),
    "topologySpread": st.lists(_SPREAD, min_size=1, max_size=1),
    "priorityClass": NAMES,
}
_SCHEDULED = ("write", "read", "monolithic", "ingester", "queryFrontend", "gateway", "caches", "objectStore")
_IMAGE = _group(
    {},
    registry=st.sampled_from(["mirror.example.org", "harbor.example.org:5000/hub"]),
    repository=st.just("hardened/image"),
    tag=st.sampled_from(["v1.2.3", "latest"]),
    digest=st.just(f"sha256:{'5' * 64}"),
)
_IMAGES = ("loki", "gateway", "memcached", "memcachedExporter", "alloy", "configReloader", "canary", "objectStore")
_SCALING = _group({"maxReplicas": st.integers(12, 20)}, cpu=st.integers(20, 90), memory=st.integers(20, 90))


def _with_log(collector: dict[str, Any]) -> dict[str, Any]:
    return collector | {"writeAheadLog": True, "stability": "experimental"}


def _without_pods(collector: dict[str, Any]) -> dict[str, Any]:
    pod_keys = ("labels", "namespaces", "pods")
    sources = collector.get("sources", {}) | {"pods": "none", "push": True}
    return {key: value for key, value in collector.items() if key not in pod_keys} | {"sources": sources}


def _as_accepted(keys: dict[str, Any]) -> dict[str, Any]:
    """Return the keys without those that the checks refuse beside others."""
    keys = _without_gateway(keys)
    if not keys.get("collector", {}).get("enabled", True):
        keys["canary"] = {key: value for key, value in keys.get("canary", {}).items() if key != "route"}
        keys.pop("alloy", None)
    store = keys["objectStore"]
    if store["kind"] == "aws-s3" and "identity" in store:
        keys["objectStore"] = {key: value for key, value in store.items() if not key.startswith("credentials")}
    return keys


def _without_gateway(keys: dict[str, Any]) -> dict[str, Any]:
    """Return the keys without those that need a gateway."""
    if keys.get("gateway", {}).get("enabled", True):
        return keys
    rest = {key: value for key, value in keys.items() if key != "ingress"}
    rest["gateway"] = {"enabled": False}
    rest["tenants"] = [{key: value for key, value in each.items() if key != "user"} for each in keys.get("tenants", [])]
    rest["autoscaling"] = {key: value for key, value in keys.get("autoscaling", {}).items() if key != "gateway"}
    return rest


_COUNTED = ("write", "read", "monolithic", "distributor", "ingester", "queryFrontend", "indexGateway", "compactor")
_SIZED = ("write", "monolithic", "ingester", "compactor", "queryScheduler", "gateway", "object_store")


@st.composite
def stacks(draw: st.DrawFn) -> Settings:
    """Draw a stack; only a single binary may have a directory as its store."""
    mode = draw(st.sampled_from(["simple-scalable", "monolithic", "distributed"]))
    alone = mode == "monolithic" and draw(st.booleans())
    counts = st.integers(1, 12)
    keys = draw(
        _group(
            {
                "cluster": _CLUSTER,
                "deploymentMode": st.just(mode),
                "objectStore": st.just({"kind": "filesystem"})
                if alone
                else st.one_of(_EMBEDDED, _EXISTING, _BY_EXTERNAL_SECRET, _BY_CLAIM, _AWS, _GCS, _AZURE),
                "replicas": st.just({}) if alone else _group({}, **dict.fromkeys(_COUNTED, counts)),
                "replicationFactor": st.integers(1, 5),
                "retention": DAYS.map(lambda days: f"{days}d"),
            },
            retentionStreams=_STREAMS,
            limits=_LIMITS,
            caches=_group({}, chunks=_MEMORY, results=_MEMORY),
            gateway=st.one_of(_group({"replicas": counts, "auth": _AUTH}), st.just({"enabled": False})),
            ingress=_INGRESS,
            size=st.sampled_from(["extra-small", "small", "medium"]),
            ingest=st.sampled_from(["0.1GB/day", "15GiB/day", "2GB/hour", "0.01GB/second"]),
            resources=_group({}, **dict.fromkeys(_SIZED, _RESOURCES)),
            walReplayCeiling=_MEMORY,
            storageClass=NAMES,
            formerObjectStore=_FORMER,
            schemaPeriods=_PERIODS,
            tenants=_TENANTS_KEEP.map(lambda pair: [tenant | pair[1] for tenant in pair[0]]),
            collector=st.one_of(
                _COLLECTOR, _COLLECTOR.map(_with_log), _COLLECTOR.map(_without_pods), st.just({"enabled": False})
            ),
            images=_group(
                {},
                registry=st.just("mirror.example.org"),
                pullSecrets=st.lists(NAMES, max_size=2),
                **dict.fromkeys(_IMAGES, _IMAGE),
            ),
            scheduling=_group(
                {},
                **_SCHEDULING_KEYS,
                components=_group({}, **dict.fromkeys(_SCHEDULED, _group({}, **_SCHEDULING_KEYS))),
            ),
            metadata=_METADATA,
            autoscaling=_group({}, **dict.fromkeys(("write", "read", "backend", "gateway"), _SCALING)),
            structuredMetadata=st.booleans(),
            loki=_PASSED_TO_LOKI,
            alloy=_PASSED_TO_ALLOY,
            canary=_group({}, enabled=st.booleans(), route=st.sampled_from(["collector", "direct"])),
            grafana=_GRAFANA,
        )
    )
    return Settings.model_validate(_as_accepted(keys))

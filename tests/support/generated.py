"""Settings that hypothesis makes up: whatever the types allow, within what the checks would let through."""

from typing import Any

from hypothesis import strategies as st

from settings.collector import SEED_LABELS
from settings.tree import Settings

Said = st.SearchStrategy[dict[str, Any]]

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z0-9]", fullmatch=True)
DAYS = st.integers(1, 400)
SIZES = st.integers(4 * 1024, 2 * 1024**3)
_MEMORY = st.sampled_from(["384Mi", "1Gi", "1500Mi", "6Gi"])
_DURATIONS = st.sampled_from(["1s", "90s", "5m", "12h", "1d12h", "30d"])
# What a person may type into the stack file where any text is taken.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)


def _group(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> Said:
    return st.fixed_dictionaries(required, optional=optional)


_RESOURCES = _group({"cpu": st.sampled_from(["100m", "2", "0.5"]), "memory": _MEMORY}, disk=st.just("15Gi"))
_EMBEDDED = _group({"kind": st.just("embedded"), "bucket": NAMES}, size=st.just("5Gi"), credentialsSecret=NAMES)
_EXISTING = _group(
    {
        "kind": st.just("s3-compatible"),
        "bucket": NAMES,
        "endpoint": st.sampled_from(["http://10.0.40.10:9000", "https://s3.example"]),
    },
    pathStyle=st.booleans(),
    credentialsSecret=NAMES,
    region=st.sampled_from(["us-east-1", "garage"]),
)
_IDENTITY = st.one_of(
    _group({"eksCluster": NAMES}),
    _group({"kind": st.just("irsa"), "eksCluster": NAMES, "oidcProvider": st.just("oidc.example/id/0A")}),
)
_AWS = _group(
    {
        "kind": st.just("aws-s3"),
        "bucket": NAMES,
        "region": st.sampled_from(["eu-central-1", "us-gov-west-1"]),
        "accountId": st.from_regex(r"[0-9]{12}", fullmatch=True),
        "identity": _IDENTITY,
    },
    kmsKeyArn=st.just("arn:aws:kms:eu-central-1:123456789012:key/0a"),
)
_CLUSTER = _group(
    {"name": NAMES, "context": NAMES},
    namespace=NAMES,
    createNamespace=st.booleans(),
    singleNode=st.booleans(),
    skipAwait=st.booleans(),
)
_LIMITS = _group(
    {},
    ingestionRate=SIZES,
    ingestionBurst=SIZES,
    perStreamRate=SIZES,
    maxLineSize=SIZES,
    maxStreams=st.integers(1, 10**7),
    maxQueryLength=_DURATIONS,
    maxQueryLookback=_DURATIONS,
    queryTimeout=st.sampled_from(["1m", "10m"]),
)
_COLLECTOR = _group(
    {},
    indexLabels=st.lists(st.sampled_from([*SEED_LABELS, "node"]), min_size=1, unique=True),
    namespaces=_group({}, only=st.lists(NAMES, max_size=3), never=st.lists(NAMES, max_size=3)),
    maxAge=_DURATIONS,
    batchSize=SIZES,
    maxRetries=st.integers(1, 1000),
)
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


@st.composite
def stacks(draw: st.DrawFn) -> Settings:
    """A stack; a directory as the store is for one single binary only."""
    mode = draw(st.sampled_from(["simple-scalable", "monolithic"]))
    alone = mode == "monolithic" and draw(st.booleans())
    counts = st.integers(1, 12)
    said = draw(
        _group(
            {
                "cluster": _CLUSTER,
                "deploymentMode": st.just(mode),
                "objectStore": st.just({"kind": "filesystem"}) if alone else st.one_of(_EMBEDDED, _EXISTING, _AWS),
                "replicas": st.just({}) if alone else _group({}, write=counts, read=counts, monolithic=counts),
                "replicationFactor": st.integers(1, 5),
                "retention": DAYS.map(lambda days: f"{days}d"),
            },
            limits=_LIMITS,
            caches=_group({}, chunks=_MEMORY, results=_MEMORY),
            gateway=_group({"replicas": counts}),
            size=st.sampled_from(["extra-small", "small", "medium"]),
            resources=_group({}, write=_RESOURCES, monolithic=_RESOURCES, gateway=_RESOURCES, object_store=_RESOURCES),
            walReplayCeiling=_MEMORY,
            storageClass=NAMES,
            schemaPeriods=_PERIODS,
            collector=_COLLECTOR,
            canary=_group({}, enabled=st.booleans(), route=st.sampled_from(["collector", "direct"])),
            grafana=_GRAFANA,
        )
    )
    return Settings.model_validate(said)

"""Where the running Loki keeps its objects, in each of the forms in which the chart and Loki take it."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from logstack.adopt import credentials
from logstack.adopt.documents import Release, templated
from logstack.adopt.former_store import former
from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.paths import Path, at, leaves, path_of
from logstack.adopt.reading import Reading
from logstack.manifests.loki.chart import RELEASE
from logstack.manifests.stores import claim, embedded
from logstack.manifests.stores.access import DATA
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import CephBucketClaim

_FIELDS = {
    "endpoint": "endpoint",
    "region": "region",
    "bucketnames": "bucket",
    "bucket_name": "bucket",
    "s3forcepathstyle": "path_style",
    "insecure": "insecure",
    "s3": "url",
    "accesskeyid": "key",
    "access_key_id": "key",
    "secretaccesskey": "key",
    "secret_access_key": "key",
    "session_token": "key",
}
_AMAZON = (".amazonaws.com", ".amazonaws.com.cn")
_ROLE = ("serviceAccount", "annotations", "eks.amazonaws.com/role-arn")
_OTHER_CLOUDS = ("gcs", "azure", "swift", "alibabacloud", "bos", "cos")


@dataclass
class _Found:
    """What is said of an S3 store, and where."""

    values: dict[str, object] = field(default_factory=dict)
    places: dict[str, list[Path]] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        return str(value) if value not in (None, "") else None


def store(reading: Reading, config: LokiConfig, release: Release) -> None:
    """The object store, its bucket and its access key."""
    kind = _kind(reading, config)
    former(reading, config)
    if reading.value("minio.enabled") is True:
        _minio(reading, release)
        credentials.secret(reading, wanted=False)
    elif kind == "filesystem":
        _filesystem(reading, config)
        credentials.secret(reading, wanted=False)
    elif kind == "s3":
        _s3(reading, config)
    else:
        text = (
            f"logstack keeps lines in S3 or on a volume, and not in {kind}: begin a stack beside it with a bucket in S3"
        )
        reading.not_taken("loki.storage", text, decide=True)
        reading.side_by_side.append(f"its store is {kind}")
    credentials.expansion(reading)
    reading.translated("minio", "MinIO publishes no images any more: the chart's server has no part here")
    for cloud in _OTHER_CLOUDS:
        reading.translated(f"loki.storage.{cloud}", f"without effect: the store is {kind}")


def _kind(reading: Reading, config: LokiConfig) -> str:
    """What the active period writes to, by Loki's word; the chart's `loki.storage.type` may be overruled."""
    periods = config.value("schema_config.configs")
    last = periods[-1] if isinstance(periods, list) and periods else None
    said = at(last, ("object_store",))
    chart = str(reading.value("loki.storage.type"))
    kind = said if isinstance(said, str) and not templated(said) else chart
    reading.understood("loki.storage.type", "objectStore.kind")
    return "s3" if kind in ("s3", "aws", "s3-conf") else kind


def _s3(reading: Reading, config: LokiConfig) -> None:
    found = _collected(reading, config)
    _spread_url(found)
    endpoint, bucket = _endpoint(found), _bucket(reading, found)
    if endpoint is None or urlsplit(endpoint).hostname is None or str(urlsplit(endpoint).hostname).endswith(_AMAZON):
        _aws(reading, found, bucket)
    else:
        _compatible(reading, found, endpoint, bucket)
    credentials.keys(reading, found.places.get("key", []))
    reading.translated(
        "loki.storage.s3.s3", "written as endpoint, bucket and region; keys in it are not copied", key="objectStore"
    )


def _collected(reading: Reading, config: LokiConfig) -> _Found:
    """The strongest word on each field: Loki's own `storage_config`, its `common`, the chart's `loki.storage`."""
    found = _Found()
    thanos = True in (
        reading.value("loki.storage.use_thanos_objstore"),
        config.value("storage_config.use_thanos_objstore"),
    )
    chart = "loki.storage.object_store.s3" if thanos else "loki.storage.s3"
    own = (
        ("storage_config.object_store.s3", "common.storage.object_store.s3")
        if thanos
        else ("storage_config.aws", "common.storage.s3")
    )
    for section in own:
        for path, said in config.said.items():
            if path[:-1] == path_of(section):
                _note(found, path[-1], said.value, said.path)
    for path, value in leaves(reading.values):
        if path[:-1] == path_of(chart):
            _note(found, path[-1], value, path)
    _note(
        found,
        "bucketnames",
        at(reading.values, path_of("loki.storage.bucketNames.chunks")),
        path_of("loki.storage.bucketNames.chunks"),
    )
    if thanos:
        for key in ("use_thanos_objstore", "object_store.type"):
            reading.translated(f"loki.storage.{key}", "the same bucket, by Loki's own S3 client")
        if "storage_config.use_thanos_objstore" in {".".join(path) for path in config.said}:
            reading.translated(
                config.where("storage_config.use_thanos_objstore"), "the same bucket, by Loki's own S3 client"
            )
        if reading.value("loki.storage.object_store.storage_prefix"):
            reading.not_taken(
                "loki.storage.object_store.storage_prefix",
                "logstack's objects have no prefix: none of the old lines would be found",
                decide=True,
            )
            reading.side_by_side.append("its objects stand below a prefix of the bucket")
    else:
        reading.understood("loki.storage.use_thanos_objstore", "objectStore")
        reading.translated("loki.storage.object_store", "without effect: the Thanos client is off")
    return found


def _note(found: _Found, name: str, value: object, path: Path) -> None:
    """One word on a field; an earlier one wins."""
    known = _FIELDS.get(name.lower())
    if known is None or value in (None, ""):
        return
    found.values.setdefault(known, value)
    found.places.setdefault(known, []).append(path)


def _spread_url(found: _Found) -> None:
    """`s3://key:secret@host/bucket`: the host is a region where it has no dot; the key is dropped."""
    url = found.text("url")
    if not url or templated(url):
        return
    parts = urlsplit(url)
    host = parts.hostname or ""
    if "." in host or parts.port:
        scheme = "https" if host.endswith(_AMAZON) or found.values.get("insecure") is False else "http"
        port = f":{parts.port}" if parts.port else ""
        found.values.setdefault("endpoint", f"{scheme}://{host}{port}")
    elif host:
        found.values.setdefault("region", host)
    if bucket := parts.path.strip("/"):
        found.values.setdefault("bucket", bucket)


def _endpoint(found: _Found) -> str | None:
    """The endpoint with its scheme and without a user; None on AWS itself."""
    text = found.text("endpoint")
    if text is None:
        return None
    insecure = found.values.get("insecure") is True
    url = urlsplit(text if "://" in text else f"{'http' if insecure else 'https'}://{text}")
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path.rstrip('/')}"


def _bucket(reading: Reading, found: _Found) -> str | None:
    """The bucket; rules may be in another, and Loki may spread chunks over several: both cannot be taken over."""
    bucket = found.text("bucket")
    for role, text in (
        ("chunks", ""),
        ("ruler", "rules are in the one bucket as well: copy the objects below rules/ into it"),
        ("admin", "of the Enterprise product: nothing reads it"),
    ):
        path = f"loki.storage.bucketNames.{role}"
        other = reading.text(path)
        if other is None or other == bucket:
            reading.understood(path, "objectStore.bucket")
        elif role == "ruler":
            reading.not_taken(path, text, decide=True)
        else:
            reading.translated(path, text)
    if bucket and "," in bucket:
        reading.side_by_side.append("its chunks are spread over several buckets")
        bucket = bucket.split(",")[0]
        for place in found.places["bucket"]:
            reading.not_taken(place, "several buckets: logstack has one, and finds nothing of the others", decide=True)
    return bucket


def _compatible(reading: Reading, found: _Found, endpoint: str, bucket: str | None) -> None:
    if "${" in endpoint:
        _claim(reading, found, endpoint, bucket)
        return
    cluster = ClusterSettings.model_validate(reading.stack["cluster"])
    ours = endpoint == embedded.endpoint(cluster)
    reading.write("objectStore.kind", "embedded" if ours else "s3-compatible")
    if not ours:
        reading.write("objectStore.endpoint", endpoint)
        style = found.values.get("path_style")
        if style is not None:
            reading.write("objectStore.pathStyle", style is True)
        else:
            reading.unsaid(
                "loki.storage.s3.s3ForcePathStyle",
                "not set: written is false, as Loki has it",
                key="objectStore.pathStyle",
            )
            reading.write("objectStore.pathStyle", False)  # noqa: FBT003 - a value of the stack file
    if bucket:
        reading.write("objectStore.bucket", bucket)
    if region := found.text("region"):
        reading.write("objectStore.region", region)
    for name, key in (
        ("endpoint", "endpoint"),
        ("path_style", "pathStyle"),
        ("bucket", "bucket"),
        ("region", "region"),
    ):
        for path in found.places.get(name, []):
            reading.understood(
                path, f"objectStore.{key}", "" if "@" not in (found.text(name) or "") else "without the key in it"
            )
    for path in found.places.get("insecure", []):
        reading.understood(path, "objectStore.endpoint", "the scheme of the endpoint says it")
    credentials.secret(reading, wanted=True)


def _claim(reading: Reading, found: _Found, endpoint: str, bucket: str | None) -> None:
    """Rook's answer to a bucket claim: its ConfigMap has the address, and its Secret the key."""
    tls = endpoint.startswith("https:")
    store = CephBucketClaim(kind="ceph-bucket-claim", bucket=bucket or "", storage_class="unknown", tls=tls)
    ours = bucket and endpoint == claim.endpoint(store) and credentials.are_of(reading, store.claim_name)
    reading.write("objectStore.kind", "ceph-bucket-claim" if ours else "s3-compatible")
    for name in ("bucket", "region"):
        if value := found.text(name):
            reading.write(f"objectStore.{name}", value)
        for path in found.places.get(name, []):
            reading.understood(path, f"objectStore.{name}")
    addressed = [path for name in ("endpoint", "path_style", "insecure") for path in found.places.get(name, [])]
    if not ours:
        for path in found.places.get("endpoint", []):
            text = "the address stands in a ConfigMap: write what it comes to as the endpoint"
            reading.translated(path, text, key="objectStore.endpoint", decide=True)
        style = found.values.get("path_style") is True
        reading.write("objectStore.pathStyle", style)
        for path in addressed:
            reading.understood(path, "objectStore")
        credentials.secret(reading, wanted=True)
        return
    if tls:
        reading.write("objectStore.tls", tls)
    for path in addressed:
        reading.understood(path, "objectStore.kind", "the claim's ConfigMap has the address")
    credentials.understood(reading, "the claim's Secret and ConfigMap, which are called so here as well")
    text = "of which StorageClass the claim is, values do not say (kubectl get objectbucketclaim): write storageClass"
    reading.unsaid("(the bucket claim)", text, key="objectStore.storageClass", decide=True)


def _aws(reading: Reading, found: _Found, bucket: str | None) -> None:
    """Amazon's: the stack makes bucket and role itself, and gives Loki no key."""
    reading.write("objectStore.kind", "aws-s3")
    if bucket:
        reading.write("objectStore.bucket", bucket)
    if region := found.text("region"):
        reading.write("objectStore.region", region)
    arn = at(reading.values, _ROLE)
    if isinstance(arn, str) and (account := re.match(r"arn:[\w-]+:iam::(\d{12}):role/", arn)):
        reading.write("objectStore.accountId", account[1])
        reading.write("objectStore.identity", {"kind": "irsa"})
        text = "IRSA stays, by a role of the stack's own with the least rights: write eksCluster and oidcProvider"
        reading.translated(_ROLE, text, key="objectStore.identity", decide=True)
    else:
        text = (
            "which account and which EKS cluster is not in Helm values: write accountId and identity "
            "(docs/how-to/deploy-on-aws.md)"
        )
        reading.unsaid("(the AWS account)", text, key="objectStore.accountId", decide=True)
    text = "aws-s3 makes its bucket and role itself: one that exists has to be imported first, or go side by side"
    reading.unsaid("(the bucket in AWS)", text, key="objectStore", decide=True)
    for name in ("bucket", "region"):
        for path in found.places.get(name, []):
            reading.understood(path, f"objectStore.{name}")
    for name in ("endpoint", "path_style", "insecure"):
        for path in found.places.get(name, []):
            reading.translated(path, "AWS needs none: with an endpoint the pods' role fails (grafana/loki#7279)")
    credentials.secret(reading, wanted=False)


def _filesystem(reading: Reading, config: LokiConfig) -> None:
    reading.write("objectStore.kind", "filesystem")
    here = {"chunks_directory": f"{DATA}/chunks", "directory": f"{DATA}/chunks", "rules_directory": f"{DATA}/rules"}
    moved = "logstack's directory is {}: none of the old lines would be found"
    for section in ("common.storage.filesystem", "storage_config.filesystem"):
        for path in [each for each in config.said if each[:-1] == path_of(section)]:
            said = config.said[path]
            expected = here.get(path[-1])
            if expected and str(said.value).rstrip("/") != expected:
                reading.not_taken(said.path, moved.format(expected), decide=True)
                reading.side_by_side.append("its lines are in another directory of the volume")
            else:
                reading.understood(said.path, "objectStore.kind")
    for key, expected in here.items():
        place = f"loki.storage.filesystem.{key}"
        said_here = reading.text(place)
        if said_here and said_here.rstrip("/") != expected and key != "directory":
            reading.not_taken(place, moved.format(expected), decide=True)
            reading.side_by_side.append("its lines are in another directory of the volume")
        else:
            reading.understood(place, "objectStore.kind")
    for section in ("s3", "bucketNames", "object_store", "use_thanos_objstore"):
        keys = [
            path
            for path, _ in leaves(
                at(reading.values, path_of(f"loki.storage.{section}")), path_of(f"loki.storage.{section}")
            )
            if path[-1].lower() in ("accesskeyid", "secretaccesskey", "access_key_id", "secret_access_key")
        ]
        credentials.keys(reading, keys)
        reading.translated(f"loki.storage.{section}", "without effect: the store is filesystem")


def _minio(reading: Reading, release: Release) -> None:
    """The chart's MinIO goes on as a store that exists."""
    name = release.name or RELEASE
    namespace = reading.written("cluster.namespace")
    endpoint = f"http://{name}-minio.{namespace}.svc.{reading.value('global.clusterDomain')}:9000"
    buckets = reading.value("minio.buckets")
    names = [str(at(each, ("name",))) for each in buckets] if isinstance(buckets, list) else []
    bucket = reading.text("loki.storage.bucketNames.chunks") or (names[0] if names else "chunks")
    for key, value in (("kind", "s3-compatible"), ("endpoint", endpoint), ("bucket", bucket), ("pathStyle", True)):
        reading.write(f"objectStore.{key}", value)
    text = (
        "taken as an S3 store that exists. It is no part of this stack and gets no new images: keep its StatefulSet "
        "and volumes when the release goes, and move to another store (docs/how-to/move-to-another-store.md); rules "
        "are in a bucket of their own"
    )
    reading.translated("minio.enabled", text, key="objectStore.endpoint", decide=True)
    for path in ("minio.rootUser", "minio.rootPassword"):
        reading.translated(path, f"a secret: not copied; it is the access key of the store: {credentials.COMMANDS}")
    reading.translated("minio.users", "secrets: not copied")
    reading.translated("minio", "the server stays as it is: it is no part of this stack")
    reading.translated("loki.storage.bucketNames", f"the bucket is {bucket}", key="objectStore.bucket")
    for section in ("s3", "object_store", "use_thanos_objstore"):
        reading.translated(f"loki.storage.{section}", "without effect: the chart's MinIO is the store")

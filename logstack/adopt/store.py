"""The running Loki's object store, in every form that the chart and Loki accept."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from logstack.adopt import credentials
from logstack.adopt.authority import authority, mounts
from logstack.adopt.azure import azure
from logstack.adopt.cloud import refuse_prefix
from logstack.adopt.documents import Release, Unread, templated
from logstack.adopt.former_store import former
from logstack.adopt.google import gcs
from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.paths import Path, at, path_of, spelled_path
from logstack.adopt.reading import Reading
from logstack.manifests.loki.chart import RELEASE
from logstack.manifests.stores import claim, embedded
from logstack.manifests.stores.access import DATA, SERVICE_ACCOUNT
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.object_store import CephBucketClaim
from logstack.settings.passthrough.documents import leaves

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
_FIELDS_OF_KEY = {
    **dict.fromkeys(("accesskeyid", "access_key_id"), "key_id"),
    **dict.fromkeys(("secretaccesskey", "secret_access_key"), "secret"),
}
_AMAZON = (".amazonaws.com", ".amazonaws.com.cn")
_ROLE = ("serviceAccount", "annotations", "eks.amazonaws.com/role-arn")
_BUCKET = path_of("loki.storage.bucketNames.chunks")
_ROLE_ARN = re.compile(r"arn:(?P<partition>[a-z-]+):iam::(?P<account>\d{12}):role/[\w+=,.@/-]+$")
_RULER_BUCKET = "ruler.storage.s3.bucketnames"
_CLAIMED = "ceph-bucket-claim"
_OTHER_CLOUDS = ("gcs", "azure", "swift", "alibabacloud", "bos", "cos")


@dataclass
class _Fields:
    """The settings of an S3 store, and the paths of the values that set them."""

    values: dict[str, object] = field(default_factory=dict)
    paths: dict[str, list[Path]] = field(default_factory=dict)
    secret: credentials.KeySecret | None = None
    """The Secret that Flux takes the access key from."""

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        return str(value) if value not in (None, "") else None


def store(reading: Reading, config: LokiConfig, release: Release) -> None:
    """Take the object store, its bucket and its access key over."""
    kind = _kind(reading, config)
    former(reading, config)
    if reading.value("minio.enabled") is True:
        _minio(reading, release)
        credentials.secret(reading, has_key=False)
    elif kind == "filesystem":
        _filesystem(reading, config)
        credentials.secret(reading, has_key=False)
    elif kind == "s3":
        _s3(reading, config, release)
    elif kind == "gcs":
        gcs(reading, config)
    elif kind == "azure":
        azure(reading, config)
    else:
        text = f"logstack stores lines in S3 or on a volume, not in {kind}: run a stack side by side, with an S3 bucket"
        reading.not_taken("loki.storage", text, decide=True)
        reading.side_by_side.append(f"its store is {kind}")
    mounts(reading)
    credentials.expansion(reading)
    reading.translated("minio", "logstack does not use the chart's MinIO: its project publishes no more images")
    for cloud in _OTHER_CLOUDS:
        reading.translated(f"loki.storage.{cloud}", f"without effect: the store is {kind}")


def _kind(reading: Reading, config: LokiConfig) -> str:
    """What the active period writes to, by Loki's word; the chart's `loki.storage.type` may be overruled."""
    periods = config.value("schema_config.configs")
    last = periods[-1] if isinstance(periods, list) and periods else None
    active = at(last, ("object_store",))
    chart = str(reading.value("loki.storage.type"))
    kind = active if isinstance(active, str) and not templated(active) else chart
    reading.understood("loki.storage.type", "objectStore.kind")
    return "s3" if kind in ("s3", "aws", "s3-conf") else kind


def _s3(reading: Reading, config: LokiConfig, release: Release) -> None:
    fields = _collected(reading, config)
    fields.secret = credentials.secret_of_flux(release)
    _spread_url(fields)
    endpoint = _endpoint(fields)
    question = _endpoint_question(reading, fields, release) if endpoint is None else None
    in_aws = not question and (endpoint is None or str(urlsplit(endpoint).hostname).endswith(_AMAZON))
    ours = endpoint == embedded.endpoint(ClusterSettings.model_validate(reading.stack["cluster"]))
    if reading.starts_anew:
        for path in fields.paths.get("bucket", []):
            reading.translated(path, "the old Loki's: write a bucket of its own", key="objectStore.bucket", decide=True)
        reading.translated("loki.storage.bucketNames", "the old Loki's", key="objectStore.bucket")
        bucket = None
    else:
        bucket = _bucket(reading, fields, apart=not ours and "${" not in str(endpoint))
    if in_aws:
        _aws(reading, config, fields, bucket, release)
    else:
        _compatible(reading, config, fields, endpoint, bucket)
        authority(reading, config)
    credentials.keys(reading, fields.paths.get("key", []), _variables(reading, fields))
    if question:
        unread = [spelled_path(path) for path in reading.unread if _FIELDS.get(path[-1].lower()) in ("endpoint", "url")]
        reading.ask(unread[0] if unread else "loki.storage.s3.endpoint", question, key="objectStore.endpoint")
    if not fields.paths.get("bucket") and bucket is None and reading.key_value("objectStore.kind") != _CLAIMED:
        where = _named_elsewhere(release.unread, "bucket") or "no value names it"
        reading.ask("loki.storage.bucketNames.chunks", f"{where}: write its name", key="objectStore.bucket")
    for path in fields.paths.get("url", []):
        text = "the stack file has endpoint, bucket and region instead; keys are not copied"
        reading.translated(path, text, key="objectStore")


def _collected(reading: Reading, config: LokiConfig) -> _Fields:
    """The strongest word on each field: Loki's own `storage_config`, its `common`, the chart's `loki.storage`."""
    fields = _Fields()
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
        for path, setting in config.settings.items():
            if path[:-1] == path_of(section):
                _note(fields, path[-1], setting.value, setting.path)
    for path, value in leaves(reading.values):
        if path[:-1] == path_of(chart):
            _note(fields, path[-1], value, path)
    _note(
        fields,
        "bucketnames",
        at(reading.values, _BUCKET),
        _BUCKET,
    )
    if thanos:
        for key in ("use_thanos_objstore", "object_store.type"):
            reading.translated(f"loki.storage.{key}", "the same bucket, through Loki's own S3 client")
        if "storage_config.use_thanos_objstore" in {".".join(path) for path in config.settings}:
            reading.translated(
                config.where("storage_config.use_thanos_objstore"), "the same bucket, through Loki's own S3 client"
            )
        refuse_prefix(reading, "bucket")
    else:
        reading.understood("loki.storage.use_thanos_objstore", "objectStore")
        reading.translated("loki.storage.object_store", "without effect: the Thanos client is off")
    return fields


def _note(fields: _Fields, name: str, value: object, path: Path) -> None:
    """One word on a field; an earlier one wins."""
    field_name = _FIELDS.get(name.lower())
    if field_name is None or value in (None, ""):
        return
    fields.values.setdefault(field_name, value)
    fields.paths.setdefault(field_name, []).append(path)


def _spread_url(fields: _Fields) -> None:
    """`s3://key:secret@host/bucket`: the host is a region where it has no dot; the key is dropped."""
    url = fields.text("url")
    if not url or templated(url):
        return
    split = urlsplit(url)
    host = split.hostname or ""
    if "." in host or split.port:
        scheme = "https" if host.endswith(_AMAZON) or fields.values.get("insecure") is False else "http"
        port = f":{split.port}" if split.port else ""
        fields.values.setdefault("endpoint", f"{scheme}://{host}{port}")
    elif host:
        fields.values.setdefault("region", host)
    if bucket := split.path.strip("/"):
        fields.values.setdefault("bucket", bucket)


def _endpoint(fields: _Fields) -> str | None:
    """The endpoint with its scheme and without a user; None on AWS itself."""
    text = fields.text("endpoint")
    if text is None:
        return None
    insecure = fields.values.get("insecure") is True
    url = urlsplit(text if "://" in text else f"{'http' if insecure else 'https'}://{text}")
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path.rstrip('/')}"


def _endpoint_question(reading: Reading, fields: _Fields, release: Release) -> str | None:
    """Return why the endpoint may be another than Amazon's though no value has one; None where it is Amazon's."""
    if isinstance(at(reading.values, _ROLE), str) or _ROLE in reading.unread:
        return None
    write = "write the store's address; on AWS write kind: aws-s3 instead"
    outside = [unread for unread in release.unread if unread.may_set(("loki", "storage"))]
    if named := _named_elsewhere(outside, "endpoint"):
        return f"{named}; {write}"
    if outside := [unread for unread in outside if unread.kind != "Secret" or not unread.sets]:
        texts = "; ".join(unread.what for unread in outside)
        return f"not in the values, but perhaps in what logstack does not read ({texts}): {write}"
    if any(_FIELDS.get(path[-1].lower()) in ("endpoint", "url") for path in reading.unread):
        return f"its value is filled in later: {write}"
    if fields.values.get("insecure") is True or fields.values.get("path_style") is True:
        return f"not in the values, though they have settings of another store than Amazon's: {write}"
    return None


def _named_elsewhere(outside: Iterable[Unread], name: str) -> str | None:
    """Return the command that prints a field of the store from the object that has it; None if no object is named."""
    for unread in outside:
        for path, key in unread.sets.items():
            field_name = "bucket" if path == _BUCKET else _FIELDS.get(path[-1].lower())
            if field_name == name and unread.kind == "ConfigMap":
                template = f"jsonpath='{{.data.{key}}}'"
                return f"in the ConfigMap {unread.name} (kubectl get configmap {unread.name} -o {template})"
    return None


def _bucket(reading: Reading, fields: _Fields, *, apart: bool) -> str | None:
    """The bucket; rules may be `apart`, and Loki may spread chunks over several, which cannot be taken over."""
    bucket = fields.text("bucket")
    for role, text in (
        ("chunks", ""),
        ("ruler", "a store of this kind has one bucket for chunks and rules: copy the objects below rules/ into it"),
        ("admin", "belongs to the Enterprise product: without effect"),
    ):
        path = f"loki.storage.bucketNames.{role}"
        named = reading.text(path)
        if named is None or named == bucket:
            reading.understood(path, "objectStore.bucket")
        elif role == "ruler" and apart and "," not in named:
            reading.understood(path, "objectStore.rulesBucket")
        elif role == "ruler":
            reading.not_taken(path, text, decide=True)
        else:
            reading.translated(path, text)
    if bucket and "," in bucket:
        reading.side_by_side.append("its chunks are in several buckets")
        bucket = bucket.split(",")[0]
        for each in fields.paths["bucket"]:
            reading.not_taken(each, "logstack supports one bucket: Loki would find nothing in the others", decide=True)
    return bucket


def _compatible(
    reading: Reading, config: LokiConfig, fields: _Fields, endpoint: str | None, bucket: str | None
) -> None:
    """Take a store over that is not Amazon's; without an endpoint that is left to decide."""
    if endpoint and "${" in endpoint:
        _claim(reading, fields, endpoint, bucket)
        return
    cluster = ClusterSettings.model_validate(reading.stack["cluster"])
    ours = endpoint == embedded.endpoint(cluster)
    reading.write("objectStore.kind", "embedded" if ours else "s3-compatible")
    if not ours:
        if endpoint:
            reading.write("objectStore.endpoint", endpoint)
        _path_style(reading, fields)
    if bucket:
        reading.write("objectStore.bucket", bucket)
    if not ours:
        _rules_bucket(reading, config, bucket)
    if region := fields.text("region"):
        reading.write("objectStore.region", region)
    for name, key in (
        ("endpoint", "endpoint"),
        ("path_style", "pathStyle"),
        ("bucket", "bucket"),
        ("region", "region"),
    ):
        for path in fields.paths.get(name, []):
            reading.understood(
                path, f"objectStore.{key}", "" if "@" not in (fields.text(name) or "") else "without the key in the URL"
            )
    for path in fields.paths.get("insecure", []):
        reading.understood(path, "objectStore.endpoint", "the endpoint's scheme decides")
    _key_secret(reading, fields)


def _key_secret(reading: Reading, fields: _Fields, *, has_key: bool = True) -> None:
    """Take over the Secret that Flux copies the access key from, or else that of the pods' environment."""
    if has_key and fields.secret:
        credentials.take_from_flux(reading, fields.secret)
    in_environment = has_key and fields.secret is None
    credentials.secret(reading, has_key=in_environment, variables=_variables(reading, fields))


def _rules_bucket(reading: Reading, config: LokiConfig, bucket: str | None) -> None:
    """Write the bucket of rules that the chart's values name, or else Loki's own configuration."""
    rules = reading.text("loki.storage.bucketNames.ruler")
    if (named := config.value(_RULER_BUCKET)) and isinstance(named, str) and not templated(named):
        reading.understood(config.where(_RULER_BUCKET), "objectStore.rulesBucket")
        rules = named
    if not reading.starts_anew and rules and rules != bucket and "," not in rules:
        reading.write("objectStore.rulesBucket", rules)


def _variables(reading: Reading, fields: _Fields) -> credentials.Variables:
    """Return the variables that have the access key: those that the values name, or else those that Loki reads."""
    named = {
        _FIELDS_OF_KEY[path[-1].lower()]: name
        for path in fields.paths.get("key", [])
        if path[-1].lower() in _FIELDS_OF_KEY and (name := credentials.variable(at(reading.values, path)))
    }
    return credentials.LOKI_VARIABLES._replace(**named)


def _path_style(reading: Reading, fields: _Fields) -> None:
    style = fields.values.get("path_style")
    if style is not None:
        reading.write("objectStore.pathStyle", style is True)
    else:
        reading.missing(
            "loki.storage.s3.s3ForcePathStyle",
            "not set: the stack file has false, Loki's default",
            key="objectStore.pathStyle",
        )
        reading.write("objectStore.pathStyle", False)  # noqa: FBT003 - a value of the stack file


def _claim(reading: Reading, fields: _Fields, endpoint: str, bucket: str | None) -> None:
    """Rook's answer to a bucket claim: its ConfigMap has the address, and its Secret the key."""
    tls = endpoint.startswith("https:")
    store = CephBucketClaim(kind="ceph-bucket-claim", bucket=bucket or "", storage_class="unknown", tls=tls)
    ours = bucket and endpoint == claim.endpoint(store) and credentials.are_of(reading, store.claim_name)
    reading.write("objectStore.kind", _CLAIMED if ours else "s3-compatible")
    for name in ("bucket", "region"):
        if value := fields.text(name):
            reading.write(f"objectStore.{name}", value)
        for path in fields.paths.get(name, []):
            reading.understood(path, f"objectStore.{name}")
    addressed = [path for name in ("endpoint", "path_style", "insecure") for path in fields.paths.get(name, [])]
    if not ours:
        for path in fields.paths.get("endpoint", []):
            text = "the address is in a ConfigMap: write its value as the endpoint"
            reading.translated(path, text, key="objectStore.endpoint", decide=True)
        style = fields.values.get("path_style") is True
        reading.write("objectStore.pathStyle", style)
        for path in addressed:
            reading.understood(path, "objectStore")
        _key_secret(reading, fields)
        return
    if tls:
        reading.write("objectStore.tls", tls)
    for path in addressed:
        reading.understood(path, "objectStore.kind", "the claim's ConfigMap has the address")
    credentials.understood(reading, "the claim's Secret and ConfigMap have the same names in logstack")
    text = (
        "the values do not name the claim's StorageClass: write storageClass (kubectl get objectbucketclaim shows it)"
    )
    reading.missing("(the bucket claim)", text, key="objectStore.storageClass", decide=True)


def _aws(reading: Reading, config: LokiConfig, fields: _Fields, bucket: str | None, release: Release) -> None:
    """Amazon's: the bucket exists and stays nobody's, and pods have the role or the key of today."""
    reading.write("objectStore.kind", "aws-s3")
    if not reading.starts_anew:
        reading.write("objectStore.create", False)  # noqa: FBT003 - a value of the stack file
    if bucket:
        reading.write("objectStore.bucket", bucket)
        _rules_bucket(reading, config, bucket)
    if region := fields.text("region") or _region_of(fields.text("endpoint")):
        reading.write("objectStore.region", region)
    _way_in(reading, fields, release)
    for name in ("bucket", "region"):
        for path in fields.paths.get(name, []):
            reading.understood(path, f"objectStore.{name}")
    for name in ("endpoint", "path_style", "insecure"):
        for path in fields.paths.get(name, []):
            reading.translated(path, "not needed on AWS: its client finds the address by the region")
    _key_secret(reading, fields, has_key=reading.key_value("objectStore.identity") is None)


def _way_in(reading: Reading, fields: _Fields, release: Release) -> None:
    """Take the role over, or ask for it where the values have neither a role nor a key."""
    arn = at(reading.values, _ROLE)
    role = _ROLE_ARN.match(arn) if isinstance(arn, str) else None
    if role and reading.starts_anew:
        reading.write("objectStore.accountId", role["account"])
        reading.write("objectStore.identity", {"kind": "irsa"})
        text = "a role that the stack creates for the new bucket: write eksCluster and oidcProvider"
        reading.translated(_ROLE, text, key="objectStore.identity", decide=True)
    elif role:
        _existing_role(reading, role, release)
    elif not (fields.secret or fields.paths.get("key") or credentials.has_secret(reading, _variables(reading, fields))):
        text = (
            "the values name neither a role nor an access key: write identity, for an existing role with its roleArn "
            "(docs/how-to/deploy-on-aws.md)"
        )
        reading.ask(spelled_path(_ROLE) if _ROLE in reading.unread else "(the role)", text, key="objectStore.identity")


def _existing_role(reading: Reading, role: re.Match[str], release: Release) -> None:
    """Take the role of IRSA over, which trusts one service account of one namespace."""
    if role["partition"] != "aws":
        reading.write("objectStore.partition", role["partition"])
    reading.write("objectStore.identity", {"kind": "irsa", "roleArn": role[0]})
    today = reading.text("serviceAccount.name") or reading.text("fullnameOverride") or release.name or SERVICE_ACCOUNT
    if today == SERVICE_ACCOUNT:
        reading.understood(_ROLE, "objectStore.identity")
    else:
        text = (
            f"the service account is {SERVICE_ACCOUNT} instead of {today}: first let the role's trust policy accept "
            f"system:serviceaccount:{reading.key_value('cluster.namespace')}:{SERVICE_ACCOUNT} too"
        )
        reading.translated(_ROLE, text, key="objectStore.identity", decide=True)


def _region_of(endpoint: str | None) -> str | None:
    """Return the region in one of Amazon's addresses, such as s3.eu-west-1.amazonaws.com."""
    match = re.search(r"\bs3[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com", endpoint or "")
    return match[1] if match else None


def _filesystem(reading: Reading, config: LokiConfig) -> None:
    reading.write("objectStore.kind", "filesystem")
    here = {"chunks_directory": f"{DATA}/chunks", "directory": f"{DATA}/chunks", "rules_directory": f"{DATA}/rules"}
    moved = "logstack's directory is {}: Loki would find none of the old lines"
    for section in ("common.storage.filesystem", "storage_config.filesystem"):
        for path in [each for each in config.settings if each[:-1] == path_of(section)]:
            setting = config.settings[path]
            expected = here.get(path[-1])
            if reading.starts_anew:
                reading.translated(setting.path, "the new volume has logstack's directories")
            elif expected and str(setting.value).rstrip("/") != expected:
                reading.not_taken(setting.path, moved.format(expected), decide=True)
                reading.side_by_side.append("its lines are in another directory of the volume")
            else:
                reading.understood(setting.path, "objectStore.kind")
    for key, expected in here.items():
        path_of_key = f"loki.storage.filesystem.{key}"
        directory = reading.text(path_of_key)
        if directory and directory.rstrip("/") != expected and key != "directory":
            reading.not_taken(path_of_key, moved.format(expected), decide=True)
            reading.side_by_side.append("its lines are in another directory of the volume")
        else:
            reading.understood(path_of_key, "objectStore.kind")
    for section in ("s3", "bucketNames", "object_store", "use_thanos_objstore"):
        keys = [
            path
            for path, _ in leaves(
                at(reading.values, path_of(f"loki.storage.{section}")), above=path_of(f"loki.storage.{section}")
            )
            if path[-1].lower() in ("accesskeyid", "secretaccesskey", "access_key_id", "secret_access_key")
        ]
        credentials.keys(reading, keys)
        reading.translated(f"loki.storage.{section}", "without effect: the store is filesystem")


def _minio(reading: Reading, release: Release) -> None:
    """Take the chart's MinIO over as an existing S3 store."""
    name = release.name or RELEASE
    namespace = reading.key_value("cluster.namespace")
    endpoint = f"http://{name}-minio.{namespace}.svc.{reading.value('global.clusterDomain')}:9000"
    buckets = reading.value("minio.buckets")
    names = [str(at(each, ("name",))) for each in buckets] if isinstance(buckets, list) else []
    bucket = reading.text("loki.storage.bucketNames.chunks") or (names[0] if names else "chunks")
    for key, value in (("kind", "s3-compatible"), ("endpoint", endpoint), ("bucket", bucket), ("pathStyle", True)):
        reading.write(f"objectStore.{key}", value)
    text = (
        "the stack uses it as an existing S3 store, but does not manage it, and it gets no new images: keep its "
        "StatefulSet and volumes when you remove the release, and move to another store "
        "(docs/how-to/move-to-another-store.md); rules are in a separate bucket"
    )
    reading.translated("minio.enabled", text, key="objectStore.endpoint", decide=True)
    for path in ("minio.rootUser", "minio.rootPassword"):
        reading.translated(path, f"a secret: not copied; it is the access key of the store: {credentials.COMMANDS}")
    reading.translated("minio.users", "secrets: not copied")
    reading.translated("minio", "the stack does not manage the MinIO server")
    reading.translated("loki.storage.bucketNames", f"the bucket is {bucket}", key="objectStore.bucket")
    for section in ("s3", "object_store", "use_thanos_objstore"):
        reading.translated(f"loki.storage.{section}", "without effect: the chart's MinIO is the store")

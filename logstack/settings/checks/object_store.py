"""Where lines are kept: the mode's needs, the endpoint, the bucket, and who else uses it."""

import ipaddress
import re
from collections.abc import Iterator, Mapping

from logstack.settings.checks.check import reads
from logstack.settings.model.loki import Replicas
from logstack.settings.model.object_store import Address, ObjectStoreSettings, split_url, store_class
from logstack.settings.model.tree import Settings
from logstack.settings.problems import Problem, Rule

FILESYSTEM = Rule(
    "filesystem-needs-one-replica",
    "each pod would keep its lines on its own volume, and none would find another's",
)
OTHER_MODE = Rule("role-of-another-mode", "the mode decides which roles run: what is written here is without effect")
ENDPOINT = Rule("endpoint-form", "Loki asks for objects under a wrong address: the first flush fails, and all after it")
ENDPOINT_SECRET = Rule("endpoint-with-credentials", "they would stand in Loki's configuration for all to read")
ENDPOINT_AWS = Rule(
    "endpoint-is-aws", "an endpoint on AWS breaks the exchange of the pods' role for keys (grafana/loki#7279)"
)
ENDPOINT_LOCAL = Rule("endpoint-is-local", "in a pod this address is the pod itself, where no store answers", "warning")
PATH_STYLE = Rule(
    "path-style-needed",
    "the bucket would become a part of the host name: an address has no parts, and the cluster's DNS knows a Service "
    "by its own name alone",
)
TWO_KEYS = Rule(
    "two-sources-of-the-key",
    "pods would read the Secret that exists, and what External Secrets brings is used by nobody",
)
BUCKET_NAME = Rule(
    "bucket-name", "S3 stores refuse the bucket, or Loki mistakes its parts for paths (grafana/loki#13751)"
)
BUCKET_GUESSABLE = Rule(
    "bucket-name-guessable",
    "bucket names are one space for everybody: Grafana warns that lines go to whoever has taken such a name before",
    "warning",
)
BUCKET_SHARED = Rule(
    "bucket-shared", "each stack deletes the other's lines at the end of its own retention, and both write one index"
)
NO_OIDC = Rule("irsa-without-oidc-provider", "no pod could take on the role: AWS trusts tokens of a named issuer only")

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_GUESSABLE = ("chunks", "ruler", "admin")


@reads("deployment_mode", "object_store.kind", "replicas")
def filesystem(settings: Settings) -> Iterator[Problem]:
    """A directory has one user."""
    if not settings.object_store.on_loki_volume:
        return
    fix = "logstack:deploymentMode: monolithic with logstack:replicas: {monolithic: 1}, or another kind of store"
    if settings.deployment_mode != "monolithic":
        what = f"the store is filesystem, and the mode {settings.deployment_mode} has many pods"
        yield FILESYSTEM.problem("objectStore.kind", what, fix)
    elif settings.writers > 1:
        what = f"the store is filesystem, and there are {settings.writers} monolithic replicas"
        yield FILESYSTEM.problem("replicas.monolithic", what, fix)


@reads("deployment_mode")
def roles_of_the_mode(settings: Settings) -> Iterator[Problem]:
    """Nothing is written about pods that there are not."""
    others = sorted(set(Replicas.model_fields) - {role.replace("-", "_") for role in settings.roles})
    for group, given in (("replicas", settings.stated.replicas), ("resources", settings.stated.resources)):
        for role in (role for role in others if role in given.model_fields_set):
            key = Replicas.model_fields[role].alias
            what = f"the mode {settings.deployment_mode} has no {role.replace('_', ' ')} pods"
            yield OTHER_MODE.problem(f"{group}.{key}", what, f"remove {key}, or choose another deploymentMode")


@reads(
    "cluster.cluster_domain",
    "former_object_store",
    "object_store.bucket",
    "object_store.endpoint",
    "object_store.kind",
    "object_store.path_style",
)
def endpoint(settings: Settings) -> Iterator[Problem]:
    """A scheme and a host, and nothing else; values are not shown, because credentials can be a part of them."""
    for key, store in _stores(settings):
        if store.address:
            yield from _endpoint(key, store.address, store.bucket, settings)


def _stores(settings: Settings) -> Iterator[tuple[str, ObjectStoreSettings]]:
    """The store of today and that of earlier days, each with its key."""
    yield "objectStore", settings.object_store
    if settings.former_object_store:
        yield "formerObjectStore.store", settings.former_object_store.store


def _endpoint(key: str, address: Address, bucket: str, settings: Settings) -> Iterator[Problem]:
    path = f"{key}.endpoint"
    fix = "write scheme, host and port alone, such as http://10.0.40.10:9000"
    url = split_url(address.url)
    if url is None:
        yield ENDPOINT.problem(path, "the endpoint is no http:// or https:// URL", fix)
        return
    if url.username is not None:
        move = "take them out, and name a Secret that holds them: credentialsSecret"
        yield ENDPOINT_SECRET.problem(path, "the endpoint carries a user or a password", move)
    if url.path.strip("/") == bucket:
        yield ENDPOINT.problem(path, "the endpoint ends with the bucket, which Loki puts there itself", fix)
    elif url.path or url.query or url.fragment:
        yield ENDPOINT.problem(path, "the endpoint goes on after the host", fix)
    host = url.hostname or ""
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        instead = "logstack:objectStore: {kind: aws-s3, bucket: ..., region: ..., accountId: ..., identity: ...}"
        yield ENDPOINT_AWS.problem(path, "the endpoint is Amazon's", instead)
    if host == "localhost" or (_address(host) and ipaddress.ip_address(host).is_loopback):
        yield ENDPOINT_LOCAL.problem(path, f"the endpoint's host is {host}", "write the address that pods reach")
    kind = "an IP address" if _address(host) else "a Service" if _is_service(host, settings) else ""
    if kind and not address.path_style:
        what = f"pathStyle is false, and the endpoint's host is {kind}"
        yield PATH_STYLE.problem(f"{key}.pathStyle", what, "remove pathStyle: the default is true")


@reads("cluster.name", "object_store.bucket", "object_store.kind")
def bucket_name(settings: Settings) -> Iterator[Problem]:
    """A name that every S3 store takes (AWS: general purpose bucket naming rules)."""
    store = settings.object_store
    if store.on_loki_volume:
        return
    name = store.bucket
    wrong = ".." in name or name.startswith("xn--") or _address(name) is not None
    if wrong or not _BUCKET.fullmatch(name):
        what = "the bucket's name has not the form that S3 asks for"
        fix = "3 to 63 lower-case letters, digits and -, such as loki-production; no IP address, no xn--, no .."
        yield BUCKET_NAME.problem("objectStore.bucket", what, fix)
    elif name in _GUESSABLE and not store.runs_in_stack:
        what = f"the bucket is called {name}, as in many examples"
        yield BUCKET_GUESSABLE.problem(
            "objectStore.bucket", what, f"say whose it is: bucket: loki-{settings.cluster.name}"
        )


@reads("object_store.identity", "object_store.kind")
def identity(settings: Settings) -> Iterator[Problem]:
    """A role for service accounts names who vouches for them."""
    store = settings.object_store.in_aws
    if store and store.identity.kind == "irsa" and not store.identity.oidc_provider:
        fix = (
            "write oidcProvider, which is what this prints, without https://:\n"
            f"aws eks describe-cluster --name {store.identity.eks_cluster} --query cluster.identity.oidc.issuer"
        )
        yield NO_OIDC.problem("objectStore.identity.oidcProvider", "identity is irsa, without oidcProvider", fix)


@reads("object_store.credentials_secret", "object_store.external_secret", "object_store.kind")
def one_key(settings: Settings) -> Iterator[Problem]:
    """The access key comes from one place."""
    if settings.object_store.has_two_keys:
        what = "credentialsSecret names a Secret that exists, and externalSecret makes one"
        yield TWO_KEYS.problem("objectStore.externalSecret", what, "keep one of the two")


@reads("object_store")
def own_bucket(settings: Settings, neighbours: Mapping[str, object]) -> Iterator[Problem]:
    """No other stack uses the bucket; `neighbours` are the other stack files' object stores, by file name."""
    own = bucket_location(settings.object_store)
    for file, store in neighbours.items():
        if own and own == _written_location(store):
            what = f"{file} names the same bucket on the same store"
            fix = f"a bucket for each stack: bucket: loki-{settings.cluster.name}"
            yield BUCKET_SHARED.problem("objectStore.bucket", what, fix)


def bucket_location(store: ObjectStoreSettings) -> tuple[object, ...] | None:
    """Return which bucket on which store, comparable; None where nobody else can come by."""
    return _written_location(store.model_dump(by_alias=True))


def _written_location(store: object) -> tuple[object, ...] | None:
    """Return the same of another stack's file, as it is, with all its mistakes."""
    return store_class(store.get("kind")).location(store) if isinstance(store, Mapping) else None


def _is_service(host: str, settings: Settings) -> bool:
    """Whether a host is a Service of the cluster, such as Ceph's rook-ceph-rgw-<store>.<namespace>.svc."""
    return host.endswith((".svc", f".svc.{settings.cluster.cluster_domain}")) or "." not in host


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


CHECKS = (filesystem, roles_of_the_mode, endpoint, bucket_name, identity, one_key)
NEIGHBOUR_CHECKS = (own_bucket,)

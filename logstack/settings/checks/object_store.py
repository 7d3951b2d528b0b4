"""The object store: the mode's needs, the endpoint, the bucket, and other stacks that use it."""

import ipaddress
import re
from collections.abc import Iterator, Mapping

from logstack.settings.checks.check import reads
from logstack.settings.model.loki import Replicas
from logstack.settings.model.object_store import Address, ObjectStoreSettings, split_url, store_class
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

FILESYSTEM = Rule(
    "filesystem-needs-one-replica",
    "each pod would write to its own volume and could not read another pod's lines",
)
OTHER_MODE = Rule("role-of-another-mode", "the key would have no effect: the mode decides which roles run")
ENDPOINT = Rule("endpoint-form", "Loki would use a wrong address, and every flush would fail")
ENDPOINT_SECRET = Rule("endpoint-with-credentials", "everybody who can read Loki's configuration would see them")
ENDPOINT_AWS = Rule(
    "endpoint-is-aws", "this kind of store has no account and no role: nothing would check whose bucket it is"
)
ENDPOINT_LOCAL = Rule(
    "endpoint-is-local", "in a pod this address is the pod itself, where no object store answers", "warning"
)
PATH_STYLE = Rule(
    "path-style-needed",
    "the bucket would become part of the host name, which does not resolve for an IP address or a Service",
)
TWO_KEYS = Rule(
    "two-sources-of-the-key",
    "pods would read the existing Secret and ignore the one from External Secrets",
)
BUCKET_NAME = Rule(
    "bucket-name", "the S3 store refuses the bucket, or Loki reads parts of its name as paths (grafana/loki#13751)"
)
BUCKET_GUESSABLE = Rule(
    "bucket-name-guessable",
    "bucket names are global: Grafana warns that lines may go to another owner of such a name",
    "warning",
)
BUCKET_SHARED = Rule(
    "bucket-shared", "each stack applies its own retention to the other's lines, and both write the same index"
)
NO_OIDC = Rule(
    "irsa-without-oidc-provider", "no pod could assume the role: AWS only trusts tokens of a named issuer (expected)"
)

CA_UNKNOWN = Rule(
    "endpoint-not-certified",
    "no public authority may certify such a host, and with a certificate of another one the compactor does not start, "
    'and every flush fails: "x509: certificate signed by unknown authority" (grafana/loki#18207)',
    "warning",
)
CA_WITHOUT_TLS = Rule("ca-without-https", "the key would have no effect: without TLS the store shows no certificate")
KEY_WITHOUT_SECRET = Rule("key-without-secret", "the key would have no effect: no Secret is named")

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# Words with - or _ between them, or one short word: no access key looks so.
_NAME_LIKE = re.compile(r"[A-Za-z0-9]{1,15}([._-][A-Za-z0-9]{1,15})*")
_GUESSABLE = ("chunks", "ruler", "admin")
# Names outside the public DNS, for which no public authority may sign (CA/Browser Forum, Baseline Requirements 4.2.2):
# ICANN's and the IETF's reserved ones (RFC 2606, 6761, 6762, 8375), and those that private networks use (RFC 6762, G).
_PRIVATE_DOMAINS = (
    *("svc", "local", "internal", "example", "test", "invalid", "localhost", "localdomain"),
    *("lan", "home", "corp", "private", "intranet", "home.arpa"),
)


@reads("deployment_mode", "object_store.kind", "replicas")
def filesystem(settings: Settings) -> Iterator[Problem]:
    """Check that only a single monolithic pod uses a directory."""
    if not settings.object_store.on_loki_volume:
        return
    pod = "logstack:deploymentMode: monolithic\nlogstack:replicas: {monolithic: 1}"
    fix = f"use another kind of object store, or one pod:\n{pod}"
    if settings.deployment_mode != "monolithic":
        what = f"the object store is filesystem, but {settings.deployment_mode} mode has many pods"
        yield FILESYSTEM.problem("objectStore.kind", what, fix)
    elif settings.writers > 1:
        what = f"the object store is filesystem, but replicas.monolithic is {settings.writers}"
        yield FILESYSTEM.problem("replicas.monolithic", what, fix)


@reads("deployment_mode")
def idle_roles(settings: Settings) -> Iterator[Problem]:
    """Check that the stack file sets nothing for roles of other modes."""
    other_roles = sorted(set(Replicas.model_fields) - {role.replace("-", "_") for role in settings.roles})
    for group, group_keys in (("replicas", settings.stated.replicas), ("resources", settings.stated.resources)):
        for role in (role for role in other_roles if role in group_keys.model_fields_set):
            key = Replicas.model_fields[role].alias
            what = f"{settings.deployment_mode} mode has no {role.replace('_', ' ')} pods"
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
    """Check that an endpoint is a scheme and a host; messages hide the value, which may have credentials."""
    for key, store in stores(settings):
        if store.address:
            yield from _endpoint(key, store.address, store.bucket, settings)


def stores(settings: Settings) -> Iterator[tuple[str, ObjectStoreSettings]]:
    """Yield the current store and the former one, each with its key."""
    yield "objectStore", settings.object_store
    if settings.former_object_store:
        yield "formerObjectStore.store", settings.former_object_store.store


def _endpoint(key: str, address: Address, bucket: str, settings: Settings) -> Iterator[Problem]:
    path = f"{key}.endpoint"
    fix = "write only scheme, host and port, such as endpoint: http://10.0.40.10:9000"
    url = split_url(address.url)
    if url is None:
        yield ENDPOINT.problem(path, "the endpoint is not an http:// or https:// URL", fix)
        return
    if url.username is not None:
        move = "remove them, and name an existing Secret: credentialsSecret: loki-s3"
        yield ENDPOINT_SECRET.problem(path, "the endpoint contains a user or a password", move)
    if url.path.strip("/") == bucket:
        yield ENDPOINT.problem(path, "the endpoint ends with the bucket, which Loki adds itself", fix)
    elif url.path or url.query or url.fragment:
        yield ENDPOINT.problem(path, "the endpoint has a path, a query or a fragment", fix)
    host = url.hostname or ""
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        instead = "logstack:objectStore: {kind: aws-s3, bucket: ..., region: ..., accountId: ..., identity: ...}"
        yield ENDPOINT_AWS.problem(path, "the endpoint belongs to AWS", instead)
    if host == "localhost" or (_address(host) and ipaddress.ip_address(host).is_loopback):
        yield ENDPOINT_LOCAL.problem(path, f"the endpoint's host is {host}", "write an address that pods can reach")
    kind = "an IP address" if _address(host) else "a Service" if _is_service(host, settings) else ""
    if kind and not address.path_style:
        what = f"pathStyle is false, but the endpoint's host is {kind}"
        yield PATH_STYLE.problem(f"{key}.pathStyle", what, "remove pathStyle: the default is true")


@reads(
    "cluster.cluster_domain",
    "former_object_store",
    "object_store.ca_key",
    "object_store.ca_secret",
    "object_store.endpoint",
    "object_store.kind",
    "object_store.path_style",
    "object_store.tls",
)
def authority(settings: Settings) -> Iterator[Problem]:
    """Check that pods can check an https store's certificate, and that a certificate has a use."""
    for key, store in stores(settings):
        if not store.ca_certificate:
            if "ca_key" in store.model_fields_set:
                what, fix = "caKey is set, but caSecret is missing", "name the Secret: caSecret: loki-s3-ca"
                yield KEY_WITHOUT_SECRET.problem(f"{key}.caKey", what, fix)
            yield from _uncertified(key, store.address, settings)
        elif not store.speaks_https:
            what = "caSecret is set, but the store is not reached by https"
            yield CA_WITHOUT_TLS.problem(f"{key}.caSecret", what, "remove caSecret, or reach the store by https")


def _uncertified(key: str, address: Address | None, settings: Settings) -> Iterator[Problem]:
    url = split_url(address.url) if address else None
    if not url or url.scheme != "https" or not url.hostname:
        return
    host, ip = url.hostname, _address(url.hostname)
    if not (_is_private(host, settings) if ip is None else not ip.is_global):
        return
    what = f"the endpoint is https, and its host {host} is {'a private address' if ip else 'no public name'}"
    fix = "put the certificate of its authority into a Secret, as ca.crt, and name it: caSecret: loki-s3-ca"
    yield CA_UNKNOWN.problem(f"{key}.endpoint", what, fix)


@reads("cluster.name", "object_store.bucket", "object_store.kind", "object_store.rules_bucket")
def bucket_name(settings: Settings) -> Iterator[Problem]:
    """Check that every S3 store accepts the buckets' names (AWS: general purpose bucket naming rules)."""
    store = settings.object_store
    if store.on_loki_volume:
        return
    for key, name in (store.buckets or {"bucket": store.bucket}).items():
        yield from _bucket_name(key, name, settings)


def _bucket_name(key: str, name: str, settings: Settings) -> Iterator[Problem]:
    wrong = ".." in name or name.startswith("xn--") or _address(name) is not None
    if wrong or not _BUCKET.fullmatch(name):
        what = f"{_lower_case(name)} is not a valid S3 bucket name"
        fix = f"use 3 to 63 lower-case letters, digits and -, but no IP address and no xn--: {key}: loki-production"
        yield BUCKET_NAME.problem(f"objectStore.{key}", what, fix)
    elif name in _GUESSABLE and not settings.object_store.runs_in_stack:
        what = f'"{name}" is a bucket name from many examples'
        yield BUCKET_GUESSABLE.problem(f"objectStore.{key}", what, f"{key}: loki-{settings.cluster.name}")


@reads("object_store.identity", "object_store.kind")
def identity(settings: Settings) -> Iterator[Problem]:
    """Check that a role for service accounts (IRSA) names its OIDC issuer."""
    store = settings.object_store.in_aws
    if store and store.identity.kind == "irsa" and not store.identity.oidc_provider:
        fix = (
            "set oidcProvider to what this prints, without https://:\n"
            f"aws eks describe-cluster --name {store.identity.eks_cluster} --query cluster.identity.oidc.issuer"
        )
        yield NO_OIDC.problem("objectStore.identity.oidcProvider", "identity is irsa, but oidcProvider is missing", fix)


@reads(
    "former_object_store",
    "object_store.credentials_keys",
    "object_store.credentials_secret",
    "object_store.external_secret",
    "object_store.kind",
)
def one_key(settings: Settings) -> Iterator[Problem]:
    """Check that the access key has one source, and that its Secret's keys have a Secret."""
    for key, store in stores(settings):
        if store.has_loose_keys:
            what, fix = "credentialsKeys is set, but credentialsSecret is missing", "credentialsSecret: loki-s3"
            yield KEY_WITHOUT_SECRET.problem(f"{key}.credentialsKeys", what, f"name the Secret: {fix}")
    if settings.object_store.has_two_keys:
        what = "both credentialsSecret and externalSecret are set"
        yield TWO_KEYS.problem("objectStore.externalSecret", what, "remove one of the two")


@reads("object_store")
def own_bucket(settings: Settings, neighbours: Mapping[str, object]) -> Iterator[Problem]:
    """Check that no other stack uses the bucket; `neighbours` are the other stacks' stores by file name."""
    own = _written_locations(settings.object_store.model_dump(by_alias=True))
    for file, store in neighbours.items():
        theirs = list(_written_locations(store).values())  # of an unchecked file: not hashable
        for key, location in own.items():
            if location in theirs:
                what = f"{file} uses the same bucket of the same object store"
                fix = f"give each stack its own bucket: {key}: loki-{settings.cluster.name}"
                yield BUCKET_SHARED.problem(f"objectStore.{key}", what, fix)


def bucket_location(store: ObjectStoreSettings) -> tuple[object, ...] | None:
    """Return a comparable name of the bucket and its store; None if no other stack can reach it."""
    return _written_location(store.model_dump(by_alias=True))


def _written_location(store: object) -> tuple[object, ...] | None:
    """Return the same for the unchecked file of another stack."""
    return store_class(store.get("kind")).location(store) if isinstance(store, Mapping) else None


def _written_locations(store: object) -> dict[str, tuple[object, ...]]:
    """Return the locations of the buckets by their keys, without a bucket that no other stack can reach."""
    found: dict[str, tuple[object, ...]] = {}
    for key in ("bucket", "rulesBucket"):
        if isinstance(store, Mapping) and (key == "bucket" or store.get(key)):
            location = _written_location({**store, "bucket": store.get(key)})
            found |= {key: location} if location else {}
    return found


def _lower_case(bucket: str) -> str:
    """Return the bucket's name in quotes, unless it looks like a key that was pasted by mistake."""
    return f'"{bucket}"' if _NAME_LIKE.fullmatch(bucket) else "the bucket"


def _is_service(host: str, settings: Settings) -> bool:
    """Return whether a host is a Service of the cluster, such as Ceph's rook-ceph-rgw-<store>.<namespace>.svc."""
    return host.endswith((".svc", f".svc.{settings.cluster.cluster_domain}")) or "." not in host


def _is_private(host: str, settings: Settings) -> bool:
    """Return whether a host's name is not one of the public DNS."""
    domains = (*_PRIVATE_DOMAINS, settings.cluster.cluster_domain)
    return "." not in host or host.removesuffix(".").endswith(tuple(f".{domain}" for domain in domains))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


CHECKS = (filesystem, idle_roles, endpoint, authority, bucket_name, identity, one_key)
NEIGHBOUR_CHECKS = (own_bucket,)

"""The object store: the mode's needs, the endpoint, the bucket, and other stacks that use it."""

import ipaddress
import re
from collections.abc import Iterator, Mapping

from logstack.settings.checks.check import reads
from logstack.settings.model.loki import Replicas
from logstack.settings.model.object_store import (
    Address,
    AzureIdentity,
    GcsIdentity,
    ObjectStoreSettings,
    split_url,
    store_class,
)
from logstack.settings.problems import Problem, Rule, listed
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
NO_EKS_CLUSTER = Rule("role-without-cluster", "no pod could assume the role: it trusts the pods of a named cluster")
NO_ACCOUNT = Rule("aws-without-account", "the stack could create its part in the account of whoever deploys it")
NO_IDENTITY = Rule("store-without-identity", "no Loki pod could read or write the object store")
IDENTITY_AND_KEY = Rule("identity-and-access-key", "pods would use the role and never read the access key")
STATIC_KEY = Rule(
    "static-access-key",
    "an access key never expires and works from everywhere: whoever copies it reads and deletes all lines (expected)",
    "warning",
)
KMS_UNUSED = Rule(
    "kms-key-unused", "the key would have no effect: the stack makes neither the bucket nor the role that uses it"
)

NO_PROJECT_NUMBER = Rule(
    "workload-identity-without-project-number",
    "Google lets no pod in: the role on the bucket names the pods' service account by its project's number (expected)",
)
TWO_IDENTITIES = Rule("two-identities", "the keys would have no effect: pods act as the Google service account")
NO_LOCATION = Rule("gcs-without-location", "the provider refuses a bucket without a location (expected)")
GOOGLE_NAME = Rule("gcs-bucket-name", "Cloud Storage refuses the bucket (expected)")
KMS_ELSEWHERE = Rule(
    "kms-key-elsewhere", "Cloud Storage refuses a key of another location than the bucket's (expected)"
)
KMS_OF_EXISTING = Rule(
    "kms-key-of-an-existing-bucket", "the key would have no effect: the stack does not manage a bucket that exists"
)

NO_ISSUER = Rule(
    "workload-identity-without-issuer",
    "Azure lets no pod in: the managed identity trusts tokens of a named issuer only (expected)",
)
NO_PRINCIPAL = Rule(
    "workload-identity-without-principal", "the identity has no right to the container: the stack cannot name it"
)
TWO_MANAGED_IDENTITIES = Rule(
    "two-managed-identities", "the key would have no effect: pods act as the identity that exists"
)
PRINCIPAL_OF_EXISTING = Rule(
    "principal-without-a-role", "the key would have no effect: the stack only gives the role on a container it creates"
)
NO_PLACE = Rule(
    "azure-place-missing", "Azure creates nothing without a subscription, its tenant, a group and a region (expected)"
)
WRONG_CLOUD = Rule(
    "location-in-another-cloud", "the provider asks the wrong cloud, which does not know the region (expected)"
)

CA_UNKNOWN = Rule(
    "endpoint-not-certified",
    "no public authority may certify such a host, and with a certificate of another one the compactor does not start, "
    'and every flush fails: "x509: certificate signed by unknown authority" (grafana/loki#18207)',
    "warning",
)
CA_WITHOUT_TLS = Rule("ca-without-https", "the key would have no effect: without TLS the store shows no certificate")
KEY_WITHOUT_SECRET = Rule("key-without-secret", "the key would have no effect: no Secret is named")

_NAME_AUTHORITY = "put the certificate of its authority into a Secret, as ca.crt, and name it: caSecret: loki-s3-ca"
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
            if store.speaks_https and not store.address:
                what = "tls is true, and the store's host is not known here: in the cluster it is a Service, such as "
                what += "rook-ceph-rgw-my-store.rook-ceph.svc"
                yield CA_UNKNOWN.problem(f"{key}.tls", what, _NAME_AUTHORITY)
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
    yield CA_UNKNOWN.problem(f"{key}.endpoint", what, _NAME_AUTHORITY)


@reads("cluster.name", "object_store.bucket", "object_store.kind", "object_store.rules_bucket")
def bucket_name(settings: Settings) -> Iterator[Problem]:
    """Check that every S3 store accepts the buckets' names (AWS: general purpose bucket naming rules)."""
    store = settings.object_store
    if store.on_loki_volume or store.in_azure:  # where a container's name is its account's own
        return
    for key, name in (store.buckets or {"bucket": store.bucket}).items():
        yield from _bucket_name(key, name, settings)


def _bucket_name(key: str, name: str, settings: Settings) -> Iterator[Problem]:
    wrong = ".." in name or name.startswith("xn--") or _address(name) is not None or not _BUCKET.fullmatch(name)
    if wrong and settings.object_store.speaks_s3:
        what = f"{_lower_case(name)} is not a valid S3 bucket name"
        fix = f"use 3 to 63 lower-case letters, digits and -, but no IP address and no xn--: {key}: loki-production"
        yield BUCKET_NAME.problem(f"objectStore.{key}", what, fix)
    elif name in _GUESSABLE and not settings.object_store.runs_in_stack:
        what = f'"{name}" is a bucket name from many examples'
        yield BUCKET_GUESSABLE.problem(f"objectStore.{key}", what, f"{key}: loki-{settings.cluster.name}")


@reads("object_store.identity", "object_store.kind")
def identity(settings: Settings) -> Iterator[Problem]:
    """Check that a role that the stack makes names the cluster and, for IRSA, the OIDC issuer that it trusts."""
    store = settings.object_store.in_aws
    if not store or not store.identity or not store.makes_role:
        return
    path, name = "objectStore.identity", store.identity.eks_cluster
    if not name:
        what = "identity has neither eksCluster nor an existing roleArn"
        fix = "name the EKS cluster: eksCluster: production\nor an existing role: roleArn: arn:aws:iam::...:role/loki"
        yield NO_EKS_CLUSTER.problem(f"{path}.eksCluster", what, fix)
    elif store.identity.kind == "irsa" and not store.identity.oidc_provider:
        fix = (
            "set oidcProvider to what this prints, without https://:\n"
            f"aws eks describe-cluster --name {name} --query cluster.identity.oidc.issuer"
        )
        yield NO_OIDC.problem(f"{path}.oidcProvider", "identity is irsa, but oidcProvider is missing", fix)


@reads("object_store")
def account(settings: Settings) -> Iterator[Problem]:
    """Check that what the stack makes in AWS has an account, and that its KMS key has a use."""
    store = settings.object_store.in_aws
    if store and store.makes_in_account and not store.account_id:
        what, fix = "the stack makes resources in AWS, but accountId is missing", 'accountId: "123456789012"'
        yield NO_ACCOUNT.problem("objectStore.accountId", what, f"name the account: {fix}")
    if store and store.kms_key_arn and not store.makes_bucket and not store.makes_role:
        what = "kmsKeyArn is set, but bucket and permissions exist already"
        yield KMS_UNUSED.problem("objectStore.kmsKeyArn", what, "remove kmsKeyArn")


@reads("former_object_store", "object_store.credentials_secret", "object_store.identity", "object_store.kind")
def identity_or_key(settings: Settings) -> Iterator[Problem]:
    """Check that pods have either an identity or an access key."""
    for key, store in stores(settings):
        if (in_aws := store.in_aws) and in_aws.identity and in_aws.credentials_secret:
            what = "both identity and credentialsSecret are set"
            yield IDENTITY_AND_KEY.problem(f"{key}.credentialsSecret", what, "remove one of the two")


def keyless(settings: Settings, *, has_key: bool) -> Iterator[Problem]:
    """Check that a store that takes an identity has one; `has_key` says whether the Pulumi config has an access key."""
    store = settings.object_store
    if not store.takes_identity or store.access_key.made_by == "identity":
        return
    identity_line = "identity: {kind: pod-identity, eksCluster: production}"
    if store.access_key.made_by == "config" and not has_key:
        what = "the object store has neither an identity nor an access key"
        fix = f"let pods assume a role: {identity_line}\nor name a Secret with a key: credentialsSecret: loki-s3"
        yield NO_IDENTITY.problem("objectStore.identity", what, fix)
    else:
        what = f"pods use an access key, though {store.kind} takes an identity"
        yield STATIC_KEY.problem("objectStore.identity", what, f"let pods assume a role: {identity_line}")


@reads(
    "cluster.name",
    "object_store.bucket",
    "object_store.create",
    "object_store.identity",
    "object_store.kind",
    "object_store.kms_key",
    "object_store.location",
    "object_store.project",
    "object_store.rules_bucket",
)
def google(settings: Settings) -> Iterator[Problem]:
    """Check a bucket of Google Cloud: its name, its key's location, and that one identity may use it."""
    store = settings.object_store.in_google
    if not store:
        return
    # Google, "Bucket names": no name begins with goog, or has google or a misspelling of it in it.
    for key, name in store.buckets.items():
        if name.startswith("goog") or "google" in name.replace("0", "o") or ".." in name or _address(name):
            what = f'"{name}" is a name that Google keeps for itself, an IP address, or has two dots together'
            yield GOOGLE_NAME.problem(f"objectStore.{key}", what, f"{key}: loki-{settings.cluster.name}")
    yield from _google_identity(store.identity, store.pool)
    if store.create and not store.location:
        fix = "write the region of the cluster, such as location: europe-west3"
        yield NO_LOCATION.problem("objectStore.location", "the stack creates the bucket, but location is missing", fix)
    if not store.kms_key:
        return
    if not store.create:
        what = "kmsKey is set, but create is false"
        yield KMS_OF_EXISTING.problem("objectStore.kmsKey", what, "remove kmsKey: an existing bucket has its own key")
    elif store.location and (location := store.kms_key.split("/")[3].lower()) != store.location.lower():
        what = f"the key is in {location}, but the bucket is in {store.location}"
        fix = f"name a key of the bucket's location: projects/{store.project}/locations/{store.location.lower()}/..."
        yield KMS_ELSEWHERE.problem("objectStore.kmsKey", what, fix)


def _google_identity(identity: GcsIdentity, pool: str) -> Iterator[Problem]:
    path = "objectStore.identity"
    if not identity.service_account:
        if not identity.project_number:
            what = "the identity has neither projectNumber nor serviceAccount"
            fix = (
                "set projectNumber to what this prints, in quotes:\n"
                f"gcloud projects describe {pool.partition('.')[0]} --format='value(projectNumber)'"
            )
            yield NO_PROJECT_NUMBER.problem(f"{path}.projectNumber", what, fix)
    elif identity.project_number or identity.pool:
        what = "serviceAccount is set, and projectNumber or pool as well"
        yield TWO_IDENTITIES.problem(f"{path}.serviceAccount", what, "remove projectNumber and pool, or serviceAccount")


@reads("object_store.create", "object_store.identity", "object_store.kind", "object_store.resource_group")
def azure_identity(settings: Settings) -> Iterator[Problem]:
    """Check that one identity may use a container of Azure, and that the stack knows whom to give the role."""
    store = settings.object_store.in_azure
    if not store:
        return
    identity, path = store.identity, "objectStore.identity"
    if not identity.client_id:
        yield from _created_identity(store.identity, store.resource_group or "...")
    elif identity.oidc_issuer:
        what = "clientId is set, and oidcIssuer as well"
        yield TWO_MANAGED_IDENTITIES.problem(f"{path}.oidcIssuer", what, "remove oidcIssuer, or clientId")
    elif store.create and not identity.principal_id:
        fix = f"set principalId to what this prints:\naz ad sp show --id {identity.client_id} --query id --output tsv"
        yield NO_PRINCIPAL.problem(f"{path}.principalId", "clientId is set, but principalId is missing", fix)
    elif identity.principal_id and not store.create:
        what = "principalId is set, but create is false"
        fix = "remove principalId, and give the identity the role Storage Blob Data Contributor on the container"
        yield PRINCIPAL_OF_EXISTING.problem(f"{path}.principalId", what, fix)


def _created_identity(identity: AzureIdentity, group: str) -> Iterator[Problem]:
    if not identity.oidc_issuer:
        fix = (
            "set oidcIssuer to what this prints, with the slash at its end:\n"
            f"az aks show --resource-group {group} --name ... --query oidcIssuerProfile.issuerUrl"
        )
        what = "the identity has neither oidcIssuer nor clientId"
        yield NO_ISSUER.problem("objectStore.identity.oidcIssuer", what, fix)
    elif identity.principal_id:
        what = "principalId is set, but clientId is missing"
        fix = "remove principalId: the stack creates the identity, and knows it; or set clientId, and remove oidcIssuer"
        yield PRINCIPAL_OF_EXISTING.problem("objectStore.identity.principalId", what, fix)


# Regions by the beginning of their names (az account list-locations).
_CLOUDS = {"usgov": "usgovernment", "usdod": "usgovernment", "china": "china"}


@reads(
    "object_store.create",
    "object_store.environment",
    "object_store.identity",
    "object_store.kind",
    "object_store.location",
    "object_store.resource_group",
    "object_store.subscription_id",
    "object_store.tenant_id",
)
def azure_place(settings: Settings) -> Iterator[Problem]:
    """Check that the stack knows where in Azure it creates what it creates, and that the region is one of its cloud."""
    store = settings.object_store.in_azure
    if not store:
        return
    missing = [key for key, value in store.place.items() if not value]
    if store.is_declared and missing:
        created = "the account" if store.create else "an identity"
        what = f"the stack creates {created}, but has no {listed(missing)}"
        fix = "write what these print: az account show --query '[id, tenantId]' and az group list --output table"
        yield NO_PLACE.problem(f"objectStore.{missing[0]}", what, fix)
    if not store.location:
        return
    cloud = next((cloud for start, cloud in _CLOUDS.items() if store.location.startswith(start)), "public")
    if cloud != store.environment:
        what = f'"{store.location}" is a region of environment {cloud}, not {store.environment}'
        yield WRONG_CLOUD.problem("objectStore.environment", what, f"environment: {cloud}")


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
    return store_class(store.get("kind")).bucket_location(store) if isinstance(store, Mapping) else None


def _written_locations(store: object) -> dict[str, tuple[object, ...]]:
    """Return the locations of the buckets by their keys, without a bucket that no other stack can reach."""
    found: dict[str, tuple[object, ...]] = {}
    if not isinstance(store, Mapping):
        return found
    lines, rules = store_class(store.get("kind")).bucket_keys
    for key in (lines, *((rules,) if store.get(rules) else ())):
        location = _written_location({**store, lines: store.get(key)})
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


CHECKS = (
    filesystem,
    idle_roles,
    endpoint,
    authority,
    bucket_name,
    identity,
    account,
    identity_or_key,
    google,
    azure_identity,
    azure_place,
    one_key,
)
NEIGHBOUR_CHECKS = (own_bucket,)

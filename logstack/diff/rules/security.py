"""Rules for permissions, encryption, redaction, and the software that runs."""

from logstack.diff.effects import Effect
from logstack.diff.rule import DIFFERS, OTHER_SCHEME, TEXT, Rule, Unit, When, mentions
from logstack.diff.snippets import ACCESS_DIFFERS
from logstack.manifests.alloy.redaction import CLEAN
from logstack.manifests.loki.chart import BASIC_AUTH_KEY, SNIPPETS


def _rule(
    name: str, looks_at: tuple[str, ...], sentence: str, do: str, when: When = DIFFERS, unit: Unit = TEXT
) -> Rule:
    return Rule(name, Effect.SECURITY, looks_at, sentence, do, when, unit)


_REDACTED = "Send a line with such a secret through `logstack try STACK`, and check what arrives."

RULES = (
    _rule(
        "credentials",
        (
            "*-values.yaml defaults.extraEnvFrom*",
            "*.yaml *secretKeyRef*",
            "settings objectStore.credentialsSecret",
            "settings objectStore.credentialsKeys*",
            "settings objectStore.externalSecret*",
            "*.externalsecret.yaml *",
            "resources *:ExternalSecret *",
            "*.secret.yaml *",
            "resources *:Secret *",
        ),
        "Pods read an access key or a password from another source: {path} changes from {before} to {after}.",
        "Create the Secret in the namespace before the pods roll; revoke the old key afterwards.",
    ),
    _rule(
        "authentication",
        (
            "loki.yaml auth_enabled",
            "loki.yaml querier.multi_tenant_queries_enabled",
            "loki-values.yaml loki.auth_enabled",
            f"loki-values.yaml *{BASIC_AUTH_KEY}*",
            "datasource.yaml *secureJsonData*",
            "datasource.yaml *httpHeader*",
            "datasource.yaml *basicAuth*",
            "settings gateway.auth.*",
            "settings tenants*.user",
            f"loki-values.yaml {SNIPPETS}",
            "*.alloy *basic_auth*",
            "*-values.yaml controller.volumes.extra*secret*",
            "*-values.yaml alloy.mounts.extra[gateway]*",
        ),
        "Loki accepts other clients, or assigns them to other tenants: {path} changes from {before} to {after}.",
        "Check every client: with auth_enabled, Loki refuses clients without X-Scope-OrgID; without it, "
        "everybody reads everything.",
        ACCESS_DIFFERS,
    ),
    _rule(
        "way-in",
        (
            "settings ingress.*",
            "*.ingress.yaml *",
            "*.httproute.yaml *",
            "resources *:Ingress *",
            "resources *:HTTPRoute *",
        ),
        "Access to Loki from outside the cluster changes: {path} from {before} to {after}.",
        "Check who can push and read: `logstack plan STACK`.",
    ),
    _rule(
        "redaction",
        (
            "settings collector.redact.*",
            "*.alloy loki.process.lines*stage.replace*",
        ),
        "The redaction removes other parts of lines: {path} changes from {before} to {after}.",
        _REDACTED,
    ),
    _rule(
        "redaction",
        ("*.alloy loki.process.lines*",),
        "The redaction checks other lines: {path} changes from {before} to {after}.",
        _REDACTED,
        mentions(CLEAN),
    ),
    _rule(
        "transport",
        ("loki.yaml common.storage.s3.endpoint", "*.alloy *url"),
        "{after} instead of {before}: https encrypts the connection; over http, others can read keys and lines.",
        "With https, check that the pods trust the certificate authority.",
        OTHER_SCHEME,
    ),
    _rule(
        "transport",
        ("loki.yaml common.*.insecure", "loki.yaml *insecure_skip_verify", "*.alloy *tls_config*"),
        "{path} changes from {before} to {after}.",
        "Keep TLS and its certificate checks: with `insecure`, or without the checks, others can read keys and lines.",
    ),
    _rule(
        "store-authority",
        ("settings objectStore.caSecret", "loki.yaml *http_config.ca_file", "*-values.yaml *object-store-ca*"),
        "Loki checks the object store's certificate with another authority: {path} changes from {before} to {after}.",
        "Create the Secret in the namespace before the pods roll: no pod starts without it.",
    ),
    _rule(
        "kubernetes-rights",
        (
            "*-values.yaml rbac*",
            "*-values.yaml *serviceAccount*",
            "*-values.yaml *automountServiceAccountToken",
            "*.yaml *automountServiceAccountToken",
            "*-values.yaml sidecar*",
        ),
        "Pods get other permissions in the Kubernetes API: {path} changes from {before} to {after}.",
        "Compare with what they need: Loki needs none, the collectors need pods (and events).",
    ),
    _rule(
        "pod-security",
        (
            "*.yaml *ecurityContext*",
            "*-values.yaml *hostPath*",
            "*-values.yaml *mounts.*",
            "*.yaml *hostNetwork*",
        ),
        "Pods get other permissions on their node: {path} changes from {before} to {after}.",
        "Compare with the namespace's Pod Security level: a refused pod does not start.",
    ),
    _rule(
        "stability",
        ("*-values.yaml alloy.stabilityLevel",),
        "Alloy accepts {after} features; the least stable level was {before}.",
        "Read Alloy's documentation of experimental features before lines depend on one.",
    ),
    _rule(
        "ports",
        ("*-values.yaml *extraPorts*", "*.service.yaml spec.*"),
        "Open ports change: {path} from {before} to {after}.",
        "Restrict the ports with a NetworkPolicy: whoever reaches the pod reaches the port.",
    ),
    _rule(
        "reports",
        ("*-values.yaml *enableReporting", "loki.yaml analytics.*"),
        "Reports to Grafana Labs change: {path} from {before} to {after}.",
        "Keep them off, unless you decided otherwise.",
    ),
    _rule(
        "aws-rights",
        (
            "*.role.yaml *",
            "*.rolepolicy.yaml *",
            "*.podidentityassociation.yaml *",
            "*.bucketpolicy.yaml *",
            "*.bucketpublicaccessblock.yaml *",
            "*.bucketownershipcontrols.yaml *",
            "*.aws.yaml *",
            "resources aws:iam/* *",
            "resources aws:eks/* *",
            "resources aws:s3/bucketP* *",
            "resources pulumi:providers:aws *",
            "settings objectStore.identity*",
        ),
        "Permissions in AWS change: {path} from {before} to {after}.",
        "Check the policies: Loki needs List, Get, Put and Delete on its one bucket, and nobody else needs anything.",
    ),
    _rule(
        "google-rights",
        (
            "*.bucketiammember.yaml *",
            "*.gcp.yaml *",
            "*.bucket.yaml publicAccessPrevention",
            "*.bucket.yaml uniformBucketLevelAccess",
            "resources gcp:storage/bucketIAMMember* *",
            "resources pulumi:providers:gcp *",
        ),
        "Permissions in Google Cloud change: {path} from {before} to {after}.",
        "Check member and role: Loki needs roles/storage.objectUser on its buckets alone (expected).",
    ),
    _rule(
        "azure-rights",
        (
            "*.roleassignment.yaml *",
            "*.federatedidentitycredential.yaml *",
            "*.userassignedidentity.yaml *",
            "*.azure-native.yaml *",
            "*.storageaccount.yaml allow*",
            "*.storageaccount.yaml enableHttpsTrafficOnly",
            "*.storageaccount.yaml minimumTlsVersion",
            "*.blobcontainer.yaml publicAccess",
            "*-values.yaml loki.podLabels.azure*",
            "*.serviceaccount.yaml *azure*",
            "resources *:ServiceAccount loki-azure",
            "resources azure-native:authorization:* *",
            "resources azure-native:managedidentity:* *",
            "resources pulumi:providers:azure-native *",
        ),
        "Permissions in Azure change: {path} from {before} to {after}.",
        "Check identity, role and scope: Loki needs Storage Blob Data Contributor on its containers alone (expected).",
    ),
    _rule(
        "encryption",
        (
            "*.bucketserversideencryptionconfiguration.yaml *",
            "*.bucket.yaml encryption.*",
            "settings objectStore.kmsKey",
            "settings objectStore.kmsKeyArn",
            "resources *Encryption* *",
        ),
        "The bucket's encryption changes: {path} from {before} to {after}.",
        "Keep the old key as long as the existing objects: they stay encrypted with it (expected).",
    ),
    _rule(
        "software",
        (
            *(f"*-values.yaml *image.{key}" for key in ("registry", "repository", "tag", "digest")),
            "*.yaml spec.template.*.image",
            "*.chart.yaml version",
        ),
        "Other software runs: {path} changes from {before} to {after}.",
        "Read what changed between both versions, and whether you can roll back.",
    ),
    _rule(
        "software-source",
        ("*.chart.yaml chart", "*.chart.yaml repositoryOpts.*", "*.chart.yaml verify*"),
        "A chart comes from another source: {path} changes from {before} to {after}.",
        "Compare the archive's digest with the pin.",
    ),
    _rule(
        "guard-of-the-cluster",
        ("settings cluster.apiServer",),
        "The stack accepts the API server {after} instead of {before}. Without cluster.apiServer, it "
        "accepts any cluster behind the context.",
        "Set cluster.apiServer: with it, logstack refuses the wrong cluster.",
    ),
    _rule(
        "way-to-the-cluster",
        ("*.kubernetes.yaml context",),
        "Pulumi reaches the cluster through the context {after} instead of {before}. It takes both for "
        "the same cluster, even if they differ.",
        "Check that both contexts point at the same API server: `kubectl --context CONTEXT cluster-info`. "
        "With cluster.apiServer, logstack refuses another one.",
    ),
    _rule(
        "guard-of-the-project",
        ("settings objectStore.project",),
        "The provider works in the Google Cloud project {after} instead of {before}.",
        "Check that the project is yours: `gcloud projects describe PROJECT`.",
    ),
    _rule(
        "guard-of-the-subscription",
        ("settings objectStore.subscriptionId", "settings objectStore.tenantId"),
        "The provider works in another place of Azure: {path} changes from {before} to {after}.",
        "Check that the subscription is yours: `az account show --subscription SUBSCRIPTION`.",
    ),
    _rule(
        "guard-of-the-account",
        ("settings objectStore.accountId", "*.yaml allowedAccountIds"),
        "The provider accepts the AWS account {after} instead of {before}.",
        "Check that the account is yours: `aws sts get-caller-identity`.",
    ),
)

"""Who may do what, what is encrypted or redacted, and which software runs."""

from logstack.diff.effects import Effect
from logstack.diff.rule import DIFFERS, OTHER_SCHEME, TEXT, Rule, Unit, When, mentions
from logstack.diff.snippets import ACCESS_DIFFERS
from logstack.manifests.alloy.redaction import CLEAN
from logstack.manifests.loki.chart import BASIC_AUTH_KEY, SNIPPETS


def _rule(name: str, looks_at: tuple[str, ...], says: str, do: str, when: When = DIFFERS, unit: Unit = TEXT) -> Rule:
    return Rule(name, Effect.SECURITY, looks_at, says, do, when, unit)


_REDACTED = "Send a line with such a secret through `logstack try`, and look at what arrives."

RULES = (
    _rule(
        "credentials",
        (
            "*-values.yaml defaults.extraEnvFrom*",
            "*.yaml *secretKeyRef*",
            "settings objectStore.credentialsSecret",
            "settings objectStore.externalSecret*",
            "*.externalsecret.yaml *",
            "resources *:ExternalSecret *",
            "*.secret.yaml *",
            "resources *:Secret *",
        ),
        "Pods take a key or a password from elsewhere: {path} is {after}, before {before}.",
        "The Secret has to be in the namespace before the pods roll; revoke the old key after.",
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
        "Whom Loki takes requests from, and as which tenant: {path} is {after}, before {before}.",
        "Clients without X-Scope-OrgID are refused while it is on, and everybody reads everything while it is off.",
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
        "Who reaches Loki from outside the cluster, and how: {path} is {after}, before {before}.",
        "The plan says who can push and read now.",
    ),
    _rule(
        "redaction",
        (
            "settings collector.redact.*",
            "*.alloy loki.process.lines*stage.replace*",
        ),
        "What is taken out of lines: {path} is {after}, before {before}.",
        _REDACTED,
    ),
    _rule(
        "redaction",
        ("*.alloy loki.process.lines*",),
        "Which lines the redaction looks at: {path} is {after}, before {before}.",
        _REDACTED,
        mentions(CLEAN),
    ),
    _rule(
        "transport",
        ("loki.yaml common.storage.s3.endpoint", "*.alloy *url"),
        "{after} instead of {before}: with https the way is encrypted, with http keys and lines can be read on it.",
        "With https, the pods must know the certificate's authority.",
        OTHER_SCHEME,
    ),
    _rule(
        "transport",
        ("loki.yaml common.*.insecure", "loki.yaml *insecure_skip_verify", "*.alloy *tls_config*"),
        "{path} is {after}, before {before}.",
        "With `insecure`, or without a check of the certificate, keys and lines can be read on the way.",
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
        "What pods may ask of Kubernetes' API: {path} is {after}, before {before}.",
        "Compare with what they need: Loki nothing, the collectors pods (and events).",
    ),
    _rule(
        "pod-security",
        (
            "*.yaml *ecurityContext*",
            "*-values.yaml *hostPath*",
            "*-values.yaml *mounts.*",
            "*.yaml *hostNetwork*",
        ),
        "What pods may do on their node: {path} is {after}, before {before}.",
        "Compare with the namespace's Pod Security level: a pod that is refused does not start.",
    ),
    _rule(
        "stability",
        ("*-values.yaml alloy.stabilityLevel",),
        "Alloy runs parts that are {after}; {before} was the least.",
        "Read Alloy's documentation of what is experimental before lines depend on it.",
    ),
    _rule(
        "ports",
        ("*-values.yaml *extraPorts*", "*.service.yaml spec.*"),
        "Which ports are open: {path} is {after}, before {before}.",
        "Whoever reaches the pod reaches the port: a NetworkPolicy decides who.",
    ),
    _rule(
        "reports",
        ("*-values.yaml *enableReporting", "loki.yaml analytics.*"),
        "What is reported to Grafana Labs: {path} is {after}, before {before}.",
        "Off, unless you decided otherwise.",
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
        ),
        "Who may do what in AWS: {path} is {after}, before {before}.",
        "Loki needs List, Get, Put and Delete on its one bucket, and nobody else needs anything.",
    ),
    _rule(
        "encryption",
        (
            "*.bucketserversideencryptionconfiguration.yaml *",
            "settings objectStore.kmsKeyArn",
            "resources *Encryption* *",
        ),
        "How the bucket is encrypted: {path} is {after}, before {before}.",
        "Objects that are there keep their key: it must stay as long as they do.",
    ),
    _rule(
        "software",
        ("*-values.yaml *image.*", "*.yaml spec.template.*.image", "*.chart.yaml version"),
        "Other software runs: {path} is {after}, before {before}.",
        "Read what has changed between the two, and whether there is a way back.",
    ),
    _rule(
        "software-source",
        ("*.chart.yaml chart", "*.chart.yaml repositoryOpts.*", "*.chart.yaml verify*"),
        "A chart comes from elsewhere: {path} is {after}, before {before}.",
        "Compare the archive's digest with the pin.",
    ),
    _rule(
        "guard-of-the-cluster",
        ("settings cluster.apiServer",),
        "The stack belongs to the API server {after}, before {before}; without one any cluster of that context is "
        "taken.",
        "Set it: it is what refuses the wrong cluster.",
    ),
    _rule(
        "way-to-the-cluster",
        ("*.kubernetes.yaml context",),
        "The cluster is reached by the context {after}, before {before}; Pulumi takes it for the same cluster, "
        "whichever it is.",
        "Be sure that both contexts point at the same API server; apiServer in the stack file refuses another one.",
    ),
    _rule(
        "guard-of-the-account",
        ("settings objectStore.accountId", "*.yaml allowedAccountIds"),
        "The provider takes the AWS account {after}, before {before}.",
        "Be sure that it is yours.",
    ),
)

"""Rules for processes that load a configuration; logstack/diff/rolls.py finds the pods that restart."""

from logstack.diff.effects import Effect
from logstack.diff.rule import ADDED, Rule
from logstack.diff.snippets import LEADER_DIFFERS
from logstack.manifests.loki.chart import SNIPPETS

RULES = (
    Rule(
        "other-nodes",
        Effect.RESTART,
        (
            "*-values.yaml *nodeSelector*",
            "*-values.yaml *tolerations*",
            "*.yaml spec.template.spec.nodeSelector*",
            "*.yaml spec.template.spec.tolerations*",
            "*-values.yaml *topologySpreadConstraints*",
            "*.yaml spec.template.spec.topologySpreadConstraints*",
            "*-values.yaml *affinity.*",
            "*.yaml spec.template.spec.affinity*",
        ),
        "Other nodes may run the pods: {path} changes from {before} to {after}.",
        "Compare with the nodes: `kubectl get nodes --show-labels`, and their taints with `kubectl describe nodes`.",
    ),
    Rule(
        "pod-metadata",
        Effect.RESTART,
        (
            "*-values.yaml *.podAnnotations.*",
            "*-values.yaml *.podLabels.*",
            "*.yaml spec.template.metadata.annotations.*",
            "*.yaml spec.template.metadata.labels.*",
        ),
        "Pods have another annotation or label: {path} changes from {before} to {after}.",
        "Compare with what reads it: scrapers, policies, meshes.",
    ),
    Rule(
        "priority",
        Effect.RESTART,
        ("*-values.yaml *priorityClassName", "*.yaml spec.template.spec.priorityClassName"),
        "Nodes that are full evict other pods for these, or these for others: {path} changes from {before} to {after}.",
        "Create the PriorityClass first: Kubernetes creates no pod of a class that does not exist.",
    ),
    Rule(
        "pull-secrets",
        Effect.RESTART,
        (
            "*-values.yaml imagePullSecrets*",
            "*-values.yaml global.image.pullSecrets*",
            "*.yaml spec.template.spec.imagePullSecrets*",
        ),
        "Pods pull their images with another Secret: {path} changes from {before} to {after}.",
        "Create the Secret first: a node that lacks the image starts no pod without it.",
    ),
    Rule(
        "compacting-pod",
        Effect.RESTART,
        (
            f"loki-values.yaml {SNIPPETS}",
            "loki-overrides.compactor-token-* *",
            "loki.yaml compactor.compactor_ring.*",
            "loki.yaml common.compactor_grpc_address",
        ),
        "Another pod compacts and accepts delete requests, or one of several does from now on.",
        "Send unfinished delete requests again: they stay with the pod that accepted them.",
        LEADER_DIFFERS,
    ),
    Rule(
        "schema-added",
        Effect.RESTART,
        ("loki.yaml schema_config.*.from",),
        "From {after} (UTC) on, Loki writes with another schema.",
        "Deploy it to every pod before that day begins.",
        ADDED.and_also("from a future day", lambda change, sides: (change.after or "") > sides.today.isoformat()),
    ),
)

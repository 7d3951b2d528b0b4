"""Rules for processes that load a configuration; logstack/diff/rolls.py finds the pods that restart."""

from collections.abc import Mapping

from logstack.diff.effects import Effect
from logstack.diff.ring_label import LABEL_IS_STAGED, RING_LABEL
from logstack.diff.rule import ADDED, EDITED, Rule, Sides, When
from logstack.diff.snippets import LEADER_DIFFERS, SERVICES_DIFFER
from logstack.manifests.loki.chart import IPV6_KEY, NGINX, SNIPPETS


def _recreates(sides: Sides) -> bool:
    grafana = sides.after.settings.get("grafana")
    return isinstance(grafana, Mapping) and grafana.get("recreate") is True


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
        When("differs; logstack's own by `pods-restart`", lambda change, _unit, _sides: "logstack/" not in change.path),
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
        "Create the Secret first: without it a node that lacks the image may not get it.",
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
        "gateway-services",
        Effect.RESTART,
        (f"loki-values.yaml {SNIPPETS}",),
        "nginx looks up the addresses of other Services of Loki when it starts.",
        "Nothing to do. A Service that is deleted and made again gets another address: restart the gateway then.",
        SERVICES_DIFFER,
    ),
    Rule(
        "ip-families",
        Effect.RESTART,
        (f"loki-values.yaml {NGINX}.{IPV6_KEY}",),
        "The gateway's nginx listens on IPv6: {after} (before: {before}).",
        "Nodes without IPv6 need `logstack:cluster: {ipFamilies: [IPv4]}`; clients with IPv6 need IPv6 there.",
    ),
    Rule(
        "ip-families",
        Effect.RESTART,
        (
            "*-values.yaml alloy.listenAddr",
            "*.alloy *listen_address",
            "*.alloy *endpoint",
            "settings cluster.ipFamilies*",
        ),
        "Alloy listens on {after} instead of {before}.",
        "Check that what pushes to the collector reaches the new address.",
    ),
    Rule(
        "ring-label-stage",
        Effect.RESTART,
        RING_LABEL,
        "A stage of the ring label, where old and new pods accept each other: {path} changes from {before} to {after}.",
        "Wait until every Loki pod runs with it before the next stage.",
        LABEL_IS_STAGED,
    ),
    Rule(
        "ring-settings",
        Effect.RESTART,
        ("loki.yaml common.instance_addr", "loki.yaml common.ring.*"),
        "Pods are in the ring by other settings: {path} changes from {before} to {after}.",
        "After the rollout, compare the ring with the pods' addresses: `kubectl get pods -o wide`.",
    ),
    Rule(
        "datasource-uid",
        Effect.RESTART,
        ("datasource.yaml datasources*.uid",),
        'Grafana does not accept the new uid {after}: it logs "data source not found", keeps {before}, and ignores the '
        "rest of the file (expected).",
        "Set `grafana: {{recreate: true}}` for this update, then update the dashboards, which name the uid.",
        EDITED.and_also("without `recreate`", lambda _change, sides: not _recreates(sides)),
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

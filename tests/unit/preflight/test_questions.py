"""What the program asks a cluster before it registers anything, and what it says of each answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from logstack.manifests.deployment import deployment
from logstack.manifests.manifest import mask_secrets
from logstack.manifests.requests import plan_sizes
from logstack.preflight.api_server import NoAnswer
from logstack.preflight.needs import existing_objects
from logstack.preflight.questions import refuse_unfit_cluster
from logstack.settings.checks.acknowledgements import OF_CLUSTER
from logstack.settings.model.quantities import kubernetes_cpu
from logstack.settings.problems import Problem, StackProblems
from logstack.settings.tree import Settings
from logstack.text.words import spoken_size
from tests.support.reached import FittingCluster, answer_forbidden, node, secret_metadata
from tests.support.stacks import NAMES, changed, settings_of

NAMESPACE = "/api/v1/namespaces/monitoring"
SECRET = f"{NAMESPACE}/secrets/loki-s3-secret"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
every_stack = pytest.mark.parametrize("stack", NAMES)


def judged(settings: Settings, cluster: FittingCluster) -> list[Problem]:
    """All that is said about the stack in the cluster: errors and warnings."""
    try:
        return refuse_unfit_cluster(settings, deployment(settings), cluster.get)
    except StackProblems as problems:
        return list(problems.problems)


def said(stack: str, change: Callable[[FittingCluster], object]) -> list[str]:
    """The names and the first parts of the problems in a cluster that fits but for one change."""
    settings = settings_of(stack)
    cluster = FittingCluster(settings)
    change(cluster)
    return [f"{each.severity}[{each.name}] {each.path}: {each.what}" for each in judged(settings, cluster)]


@every_stack
def test_cluster_with_everything_has_no_problem(stack: str) -> None:
    settings = settings_of(stack)
    assert judged(settings, FittingCluster(settings)) == []


@every_stack
def test_each_request_is_sent_once(stack: str) -> None:
    settings = settings_of(stack)
    cluster = FittingCluster(settings)
    judged(settings, cluster)
    paths = [path for path, _ in cluster.asked]
    assert len(paths) == len(set(paths)) <= 12


@every_stack
def test_user_without_rights_gets_no_problem(stack: str) -> None:
    settings = settings_of(stack)
    assert refuse_unfit_cluster(settings, deployment(settings), answer_forbidden) == []


def without(*paths: str) -> Callable[[FittingCluster], object]:
    def change(cluster: FittingCluster) -> None:
        for path in paths:
            del cluster.answers[path]

    return change


def answering(path: str, document: dict[str, Any]) -> Callable[[FittingCluster], object]:
    return lambda cluster: cluster.answers.update({path: document})


CONTEXT = 'the cluster of context "production"'
CASES: Mapping[str, tuple[str, Callable[[FittingCluster], object], Sequence[str]]] = {
    "no namespace, and so nothing in it": (
        "production",
        without(NAMESPACE, SECRET),
        [
            (
                "error[namespace-missing] logstack:cluster.namespace: "
                f'{CONTEXT} has no namespace "monitoring", and the stack '
                "does not create it"
            )
        ],
    ),
    "a namespace that goes": (
        "production",
        answering(NAMESPACE, {"metadata": {"name": "monitoring", "deletionTimestamp": "2026-06-01T00:00:00Z"}}),
        ['error[namespace-missing] logstack:cluster.namespace: the namespace "monitoring" is being deleted'],
    ),
    "no namespace of Grafana's": (
        "monolithic",
        without("/api/v1/namespaces/grafana"),
        [
            (
                'error[namespace-missing] logstack:grafana.namespace: the cluster of context "edge" has no namespace '
                '"grafana", and the stack does not create it'
            )
        ],
    ),
    "a namespace that the stack makes": ("monolithic", without("/api/v1/namespaces/logs"), []),
    "no operator for claims of buckets": (
        "ceph",
        without("/apis/objectbucket.io/v1alpha1"),
        [
            (
                "error[kind-missing] logstack:cluster.context: "
                'the cluster of context "ceph" has no kind ObjectBucketClaim of '
                "objectbucket.io/v1alpha1, which the stack declares (store/store-claim)"
            )
        ],
    ),
    "an older version of an operator": (
        "ceph-ssd",
        answering("/apis/external-secrets.io/v1", {"resources": [{"kind": "PushSecret"}]}),
        [
            (
                "error[kind-missing] logstack:cluster.context: "
                'the cluster of context "ceph-ssd" has no kind ExternalSecret of '
                "external-secrets.io/v1, which the stack declares (store/store-external-secret)"
            )
        ],
    ),
    "no operator, and so none of its stores": (
        "ceph-ssd",
        without("/apis/external-secrets.io/v1", "/apis/external-secrets.io/v1/clustersecretstores/onepassword"),
        [
            (
                "error[kind-missing] logstack:cluster.context: "
                'the cluster of context "ceph-ssd" has no kind ExternalSecret of '
                "external-secrets.io/v1, which the stack declares (store/store-external-secret)"
            )
        ],
    ),
    "no store of External Secrets": (
        "ceph-ssd",
        without("/apis/external-secrets.io/v1/clustersecretstores/onepassword"),
        [
            (
                "error[cluster-object-missing] logstack:objectStore.externalSecret.secretStore: the cluster of context "
                '"ceph-ssd" has no ClusterSecretStore "onepassword"'
            )
        ],
    ),
    "another class of volumes": (
        "longhorn",
        lambda cluster: cluster.classes({"longhorm": True}),
        [
            (
                "error[storage-class-missing] logstack:storageClass: "
                'the cluster of context "longhorn" has no StorageClass '
                '"longhorn" (it has longhorm)'
            )
        ],
    ),
    "no class of volumes": (
        "longhorn",
        lambda cluster: cluster.classes({}),
        [
            (
                "error[storage-class-missing] logstack:storageClass: "
                'the cluster of context "longhorn" has no StorageClass '
                '"longhorn" (it has none)'
            )
        ],
    ),
    "no default class": (
        "production",
        lambda cluster: cluster.classes({"fast": False, "slow": False}),
        [
            (
                "warning[no-default-storage-class] logstack:storageClass: "
                "volumes name no StorageClass, and the cluster has no "
                "default one (it has fast and slow)"
            )
        ],
    ),
    "no Secret with the store's key": (
        "production",
        without(SECRET),
        [
            (
                "error[cluster-object-missing] logstack:objectStore.credentialsSecret: "
                'the namespace "monitoring" has no '
                'Secret "loki-s3-secret"'
            )
        ],
    ),
    "no Secret with the authority of the store's certificate": (
        "distributed",
        without("/api/v1/namespaces/monitoring/secrets/loki-s3-ca"),
        [
            (
                "error[cluster-object-missing] logstack:objectStore.caSecret: "
                'the namespace "monitoring" has no Secret "loki-s3-ca"'
            )
        ],
    ),
    "a Secret without the keys that the stack file names": (
        "distributed",
        answering(SECRET, secret_metadata(*KEYS)),
        [
            (
                "error[secret-key-missing] logstack:objectStore.credentialsSecret: "
                'the Secret "loki-s3-secret" has no key '
                "rootUser and rootPassword"
            )
        ],
    ),
    "an authority's certificate under another key": (
        "distributed",
        answering("/api/v1/namespaces/monitoring/secrets/loki-s3-ca", secret_metadata("tls.crt")),
        [('error[secret-key-missing] logstack:objectStore.caSecret: the Secret "loki-s3-ca" has no key ca.crt')],
    ),
    "no Secret to pull images with": (
        "private",
        without("/api/v1/namespaces/monitoring/secrets/mirror"),
        [
            (
                "error[cluster-object-missing] logstack:images.pullSecrets: "
                'the namespace "monitoring" has no Secret "mirror"'
            )
        ],
    ),
    "a Secret with another key": (
        "production",
        answering(SECRET, secret_metadata("AWS_ACCESS_KEY_ID", "SECRET")),
        [
            (
                "error[secret-key-missing] logstack:objectStore.credentialsSecret: "
                'the Secret "loki-s3-secret" has no key '
                "AWS_SECRET_ACCESS_KEY"
            )
        ],
    ),
    "a Secret without a key": (
        "production",
        answering(SECRET, {"metadata": {}, "count": 0}),
        [
            (
                "error[secret-key-missing] logstack:objectStore.credentialsSecret: "
                'the Secret "loki-s3-secret" has no key '
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        ],
    ),
    "a Secret that was applied as text": (
        "production",
        answering(SECRET, secret_metadata(*KEYS, written_as="stringData")),
        [],
    ),
    "a Secret some of whose keys nobody owns": ("production", answering(SECRET, secret_metadata("OTHER", more=2)), []),
    "a Secret without owners of its keys": ("production", answering(SECRET, {"metadata": {}, "count": 2}), []),
    "no DNS Service of this name": (
        "production",
        without("/api/v1/namespaces/kube-system/services/kube-dns"),
        [
            (
                'error[dns-service-missing] logstack:cluster.dnsService: the namespace "kube-system" has no Service '
                '"kube-dns"'
            )
        ],
    ),
    "no Gateway": (
        "aws",
        without("/apis/gateway.networking.k8s.io/v1/namespaces/edge/gateways/public"),
        ['warning[ingress-target-missing] logstack:ingress.gateway: the namespace "edge" has no Gateway "public"'],
    ),
    "neither the class of an Ingress nor its issuer": (
        "monolithic",
        without(
            "/apis/networking.k8s.io/v1/ingressclasses/traefik",
            "/apis/cert-manager.io/v1/clusterissuers/letsencrypt",
        ),
        [
            (
                "warning[ingress-target-missing] logstack:ingress.className: "
                'the cluster of context "edge" has no IngressClass '
                '"traefik"'
            ),
            (
                "warning[ingress-target-missing] logstack:ingress.tls.clusterIssuer: "
                'the cluster of context "edge" has no '
                'ClusterIssuer "letsencrypt"'
            ),
        ],
    ),
    "one node for three replicas": (
        "production",
        lambda cluster: cluster.nodes(node()),
        [
            (
                "warning[nodes-too-few] logstack:cluster.singleNode: "
                "the stack needs 3 nodes, one for each pod of a role; only "
                "1 node of the cluster can take its pods"
            )
        ],
    ),
    "nodes that take no pods": (
        "production",
        lambda cluster: cluster.nodes(
            node(cordoned=True),
            node(taint="NoSchedule"),
            node(taint="NoExecute"),
            node(ready="Unknown"),
            node(taint="PreferNoSchedule"),
            node(),
        ),
        [
            (
                "warning[nodes-too-few] logstack:cluster.singleNode: "
                "the stack needs 3 nodes, one for each pod of a role; only "
                "2 nodes of the cluster can take its pods (4 more: cordoned, tainted or not ready)"
            )
        ],
    ),
    "no nodes": (
        "ceph",
        lambda cluster: cluster.nodes(),
        [
            (
                "warning[nodes-too-few] logstack:cluster.singleNode: "
                "the stack needs 1 node, one for each pod of a role; no "
                "node of the cluster can take its pods"
            )
        ],
    ),
    "more nodes than are asked for": (
        "production",
        answering("/api/v1/nodes?limit=200", {"metadata": {"continue": "more"}, "items": []}),
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_problem_names_what_the_cluster_lacks(case: str) -> None:
    stack, change, problems = CASES[case]
    assert said(stack, change) == problems


def test_warning_gives_what_pods_request_and_what_nodes_have() -> None:
    sizes = plan_sizes(settings_of("production"))
    assert (len(sizes.node_workloads), sizes.nodes_assumed) == (3, 3)
    total = sizes.total_with_nodes
    (line,) = said("production", lambda cluster: cluster.nodes(*[node("1930m", "3906568Ki")] * 3))
    assert line.splitlines() == [
        (
            "warning[nodes-too-small] logstack:size: "
            f"the stack's pods request {total.cpu_millicores}m CPU; 3 nodes have 5790m in total, for all pods"
        ),
        (
            f"the stack's pods request {spoken_size(total.memory_bytes)} memory; 3 nodes have 11.18Gi in total, "
            "for all pods"
        ),
    ]


def test_warning_names_a_pod_that_fits_on_no_node() -> None:
    sizes = {each.name: each for each in plan_sizes(settings_of("production")).workloads}
    largest = [each for each in sizes.values() if each.cpu_millicores > 900]
    assert largest
    (line,) = said("production", lambda cluster: cluster.nodes(*[node("900m")] * 30))
    assert line.splitlines() == [
        f"{'' if number else 'warning[nodes-too-small] logstack:size: '}a pod of {each.name} requests "
        f"{kubernetes_cpu(each.cpu_millicores)} CPU and {spoken_size(each.memory_bytes)} memory; no node has both"
        for number, each in enumerate(largest)
    ]


OBS = {"nodeSelector": {"pool": "obs"}, "tolerations": [{"key": "k", "effect": "NoSchedule"}]}
POOL = {"pool": "obs"}
# What the stack file says of nodes, the nodes, and what is said of too few.
PLACES: Mapping[str, tuple[Mapping[str, object], Sequence[dict[str, Any]], Sequence[str]]] = {
    "a pool that is tainted and tolerated": ({"scheduling": OBS}, [node(taint="NoSchedule", labels=POOL)] * 3, []),
    "a toleration of every taint": (
        {"scheduling": {"tolerations": [{"operator": "Exists"}]}},
        [node(taint="NoExecute")] * 3,
        [],
    ),
    "a toleration of another effect": (
        {"scheduling": {"tolerations": [{"key": "k", "effect": "NoSchedule"}]}},
        [*[node(taint="NoExecute")] * 3, node(taint="NoSchedule"), node()],
        [
            (
                "logstack:cluster.singleNode: the stack needs 3 nodes, one for each pod "
                "of a role; only 2 nodes of the cluster can take its pods (3 more: cordoned, tainted or not ready)"
            )
        ],
    ),
    "a toleration of another key": (
        {"scheduling": {"tolerations": [{"key": "dedicated", "operator": "Exists"}]}},
        [node(taint="NoSchedule")] * 3,
        [
            (
                "logstack:cluster.singleNode: the stack needs 3 nodes, one for each pod of a role; no node of the "
                "cluster can take its pods (3 more: cordoned, tainted or not ready)"
            )
        ],
    ),
    "a toleration of another value": (
        {"scheduling": {"tolerations": [{"key": "k", "value": "v"}]}},
        [node(taint="NoSchedule")] * 3,
        [
            (
                "logstack:cluster.singleNode: the stack needs 3 nodes, one for each pod of a role; no node of the "
                "cluster can take its pods (3 more: cordoned, tainted or not ready)"
            )
        ],
    ),
    "a label that two nodes have": (
        {"scheduling": {"nodeSelector": POOL}},
        [*[node(labels=POOL)] * 2, *[node()] * 8],
        [
            (
                "logstack:scheduling: the stack needs 3 nodes, one for each pod of a role; only 2 nodes of the "
                "cluster can take its pods (8 more: cordoned, tainted, not ready or without the labels of nodeSelector)"
            )
        ],
    ),
    "a label that no node has, for one role": (
        {"scheduling": {"components": {"read": {"nodeSelector": POOL}}}},
        [node()] * 10,
        [
            (
                "logstack:scheduling: the pods of read need 3 nodes, one for each pod of a role; no node of the "
                "cluster can take them (10 more: cordoned, tainted, not ready or without the labels of nodeSelector)"
            )
        ],
    ),
    "a label that no node has, for the collector of events": (
        {"collector": {"sources": {"events": True}, "scheduling": {"nodeSelector": POOL}}},
        [node()] * 10,
        [
            (
                "logstack:collector.scheduling: the pods of alloy-events and alloy-events reloader need 1 node, one "
                "for each pod of a role; no node of the cluster can take them (10 more: cordoned, tainted, not ready "
                "or without the labels of nodeSelector)"
            )
        ],
    ),
    "nodes of another operating system": (
        {},
        [*[node()] * 2, *[node(labels={"kubernetes.io/os": "windows"})] * 8],
        [
            (
                "logstack:scheduling: the stack needs 3 nodes, one for each pod of a role; only 2 nodes of the cluster "
                "can take its pods (8 more: cordoned, tainted, not ready or without the labels of nodeSelector)"
            )
        ],
    ),
    "roles that may share a node": ({"scheduling": {"affinity": {"podAntiAffinity": {}}}}, [node()], []),
}


@pytest.mark.parametrize("case", PLACES)
def test_only_nodes_that_accept_the_pods_count(case: str) -> None:
    keys, nodes, problems = PLACES[case]
    settings = changed(settings_of("production"), **{"caches": {}, "collector": {}, **keys})
    cluster = FittingCluster(settings)
    cluster.nodes(*nodes)
    too_few = [each for each in judged(settings, cluster) if each.name == "nodes-too-few"]
    assert [f"{each.path}: {each.what}" for each in too_few] == problems


def test_fix_names_the_key_that_keeps_pods_from_nodes() -> None:
    settings = changed(settings_of("production"), scheduling={"nodeSelector": POOL})
    cluster = FittingCluster(settings)
    cluster.nodes(*[node()] * 3)
    (problem,) = [each for each in judged(settings, cluster) if each.name == "nodes-too-few"]
    assert "or let the pods run on more nodes: logstack:scheduling\n" in problem.fix


def test_pods_of_a_pool_are_compared_with_the_pools_room() -> None:
    settings = changed(settings_of("production"), scheduling={"components": {"write": {"nodeSelector": POOL}}})
    (write,) = [each for each in plan_sizes(settings).workloads if each.name == "write"]
    cluster = FittingCluster(settings)
    cluster.nodes(*[node("900m", labels=POOL)] * 3, *[node()] * 10)
    (problem,) = judged(settings, cluster)
    assert problem.name == "nodes-too-small"
    daemons = sum(each.cpu_millicores for each in plan_sizes(settings).node_workloads)
    assert problem.what.splitlines() == [
        (
            f"the pods of write, alloy, alloy reloader and canary request {3 * (write.cpu_millicores + daemons)}m CPU; "
            "3 nodes for them have 2700m in total, for all pods"
        ),
        (
            f"a pod of write requests {kubernetes_cpu(write.cpu_millicores)} CPU and {spoken_size(write.memory_bytes)} "
            "memory; no node that takes it has both"
        ),
    ]


@pytest.mark.parametrize(("selector", "is_short"), [({}, True), (POOL, False)])
def test_collectors_count_only_on_nodes_that_accept_them(selector: Mapping[str, str], is_short: bool) -> None:  # noqa: FBT001 - a parameter of the test
    collector = {"scheduling": {"nodeSelector": selector}}
    settings = changed(settings_of("production"), collector=collector, canary={"enabled": False})
    cluster = FittingCluster(settings)
    share = plan_sizes(settings).total.cpu_millicores // 10 + 1
    cluster.nodes(*[node(f"{share}m")] * 10)
    whats = "\n".join(each.what for each in judged(settings, cluster))
    assert ("the stack's pods request" in whats) == is_short


@every_stack
def test_every_workload_has_a_scheduling_of_the_stack_file(stack: str) -> None:
    settings = settings_of(stack)
    cluster = FittingCluster(settings)
    cluster.nodes(*[node(labels={"kubernetes.io/os": "windows"})] * 3)
    names = [each.name for each in judged(settings, cluster)]
    assert names == ([] if settings.cluster.skip_await else ["nodes-too-few"])


def test_all_problems_are_reported_at_once() -> None:
    def change(cluster: FittingCluster) -> None:
        without(SECRET)(cluster)
        cluster.classes({})
        cluster.nodes(node())

    names = [line.partition("]")[0] for line in said("production", change)]
    assert names == [
        "error[cluster-object-missing",
        "warning[no-default-storage-class",
        "warning[nodes-too-few",
    ]


def test_fix_of_a_missing_namespace_is_a_line_to_paste() -> None:
    settings = settings_of("production")
    cluster = FittingCluster(settings)
    without(NAMESPACE)(cluster)
    (problem,) = judged(settings, cluster)
    assert problem.fix.splitlines() == [
        "create it:",
        "kubectl --context production create namespace monitoring",
        "or let the stack create and protect it: logstack:cluster: {createNamespace: true}",
    ]


def test_acknowledging_a_warning_by_its_name_silences_it() -> None:
    settings = settings_of("production")
    accepting = settings.model_copy(update={"acknowledge": (*settings.acknowledge, "nodes-too-few")})
    cluster = FittingCluster(settings)
    cluster.nodes(node())
    assert [problem.name for problem in judged(settings, cluster)] == ["nodes-too-few"]
    assert judged(accepting, cluster) == []


def test_forbidden_request_leaves_the_other_answers() -> None:
    settings = settings_of("production")
    cluster = FittingCluster(settings)
    cluster.answers[NAMESPACE] = NoAnswer.NOT_ALLOWED
    without(SECRET)(cluster)
    assert [problem.name for problem in judged(settings, cluster)] == ["cluster-object-missing"]


def test_stack_that_does_not_wait_for_pods_needs_no_node_and_no_default_class() -> None:
    settings = settings_of("production")
    idle = settings.model_copy(update={"cluster": settings.cluster.model_copy(update={"skip_await": True})})
    cluster = FittingCluster(settings)
    cluster.classes({})
    cluster.nodes()
    without("/api/v1/namespaces/kube-system/services/kube-dns")(cluster)
    assert judged(idle, cluster) == []


def test_no_request_reads_the_values_of_a_secret() -> None:
    settings = settings_of("production")
    cluster = FittingCluster(settings)
    cluster.answers[SECRET] = secret_metadata("OTHER")
    judged(settings, cluster)
    asked = [accept for path, accept in cluster.asked if "/secrets/" in path]
    assert len(asked) == 2
    assert all("as=PartialObjectMetadata;" in accept or "as=Table;" in accept for accept in asked)


def secrets(node: object) -> Iterator[str]:
    """The names of the Secrets that pods read, in objects and in charts' values."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("secretKeyRef", "secretRef"):
                yield value["name"]
            elif key in ("imagePullSecrets", "pullSecrets"):
                yield from (each["name"] for each in value)
            elif key in ("existingSecret", "secretName"):
                yield value
            else:
                yield from secrets(value)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from secrets(item)


@every_stack
def test_stack_creates_or_checks_each_of_its_secrets(stack: str) -> None:
    settings = settings_of(stack)
    declared = [manifest for component in deployment(settings) for manifest in component.manifests]
    made = {str(each.inputs["metadata"]["name"]) for each in declared if each.type.endswith("Secret")}  # type: ignore[call-overload, index]
    key = settings.object_store.access_key
    by_operator = {key.secret} if key.made_by == "claim" else set()
    tls = {"moria-lab-cert", "loki-tls"}  # cert-manager makes it, or the controller has a certificate of its own
    asked = {each.name for each in existing_objects(settings) if each.kind.name == "Secret"}
    read = {name for manifest in declared for name in secrets(mask_secrets(manifest.inputs))}
    assert read - tls <= made | by_operator | asked
    assert asked <= read


def test_warnings_about_a_cluster_are_no_errors() -> None:
    assert {rule.severity for rule in OF_CLUSTER} == {"warning"}

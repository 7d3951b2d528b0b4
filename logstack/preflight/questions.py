"""What a stack needs of its cluster, asked of the API server before anything is registered, all at once.

Each question is one request. A question that the user may not ask (403) is skipped.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from logstack.manifests.manifest import ComponentTree
from logstack.preflight.api_server import Answer, Get, NoAnswer
from logstack.preflight.needs import ExistingObject, existing_objects, kinds, namespaces, storage_classes
from logstack.preflight.nodes import judge_nodes
from logstack.settings.checks.acknowledgements import NO_DEFAULT_CLASS
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.problems import Problem, Rule, StackProblems, listed, nearest
from logstack.settings.tree import Settings

_NOTHING = "the update would stop halfway; nothing was registered"
NAMESPACE_MISSING = Rule("namespace-missing", _NOTHING)
KIND_MISSING = Rule("kind-missing", _NOTHING)
CLASS_MISSING = Rule(
    "storage-class-missing", "claims of the class stay Pending, and the update waits for them until it fails"
)
KEY_MISSING = Rule("secret-key-missing", "the pods that read it do not start, or start without a password")

_AT_ONCE = 8
_JSON = "application/json"
# Metadata alone: names, annotations and, of a Secret, the names of its keys by those who wrote them.
_METADATA = f"{_JSON};as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_METADATA_LIST = f"{_JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
# The columns that `kubectl get` prints: of a Secret the number of its keys.
_TABLE = f"{_JSON};as=Table;g=meta.k8s.io;v=v1"
_IS_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
# A cluster of more nodes is taken to have room; a node's document has 10 to 50 KB.
_NODES = 200

Document = Mapping[str, Any] | None
"""What the API server has; None where there is no such object."""


@dataclass(frozen=True)
class Question:
    """One request, and what its answer says about the stack."""

    path: str
    accept: str
    judge: Callable[[Document], Iterator[Problem]]
    needs: tuple[str, ...] = ()
    """The paths of the object's namespace and kind: without them there is nothing more to say."""


def refuse_unfit_cluster(settings: Settings, components: Sequence[ComponentTree], get: Get) -> list[Problem]:
    """Return warnings for what the stack does not acknowledge; raise StackProblems where the stack cannot run.

    `components` are what the stack declares, `get` asks the API server.
    """
    questions = list(_questions(settings, components, get))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(lambda question: get(question.path, question.accept), questions))
    problems = list(_problems(list(zip(questions, answers, strict=True))))
    unsilenced = [each for each in problems if each.severity == "error" or each.name not in settings.acknowledge]
    if any(problem.severity == "error" for problem in unsilenced):
        raise StackProblems(unsilenced)
    return unsilenced


def _problems(answered: Sequence[tuple[Question, Answer]]) -> Iterator[Problem]:
    missing = {question.path for question, answer in answered if answer is NoAnswer.MISSING}
    for question, answer in answered:
        if answer is NoAnswer.NOT_ALLOWED or not missing.isdisjoint(question.needs):
            continue
        yield from question.judge(None if answer is NoAnswer.MISSING else answer)


def _questions(settings: Settings, components: Sequence[ComponentTree], get: Get) -> Iterator[Question]:
    cluster = settings.cluster
    for name, key in namespaces(components).items():
        yield Question(_namespace(name), _METADATA, partial(_namespace_problems, cluster, name, key))
    if cluster.create_namespace:  # before the first update it is not there, and nothing in it
        yield Question(_namespace(cluster.namespace), _METADATA, lambda _: iter(()))
    for api_version, of_version in kinds(components).items():
        yield Question(_group(api_version), _JSON, partial(_kinds_problems, cluster, api_version, of_version))
    if classes := storage_classes(components):
        path = "/apis/storage.k8s.io/v1/storageclasses"
        yield Question(path, _METADATA_LIST, partial(_classes_problems, cluster, classes))
    for each in existing_objects(settings):
        judge = partial(_object_problems, cluster, each, get)
        needed = (_group(each.kind.api_version), *([_namespace(each.namespace)] if each.namespace else []))
        yield Question(_path(each), _METADATA, judge, needed)
    if not cluster.skip_await:  # else no pod has to start
        yield Question(f"/api/v1/nodes?limit={_NODES}", _JSON, partial(judge_nodes, settings))


def _namespace(name: str) -> str:
    return f"/api/v1/namespaces/{name}"


def _group(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _path(required: ExistingObject) -> str:
    scope = f"/namespaces/{required.namespace}" if required.namespace else ""
    return f"{_group(required.kind.api_version)}{scope}/{required.kind.plural}/{required.name}"


def _namespace_problems(cluster: ClusterSettings, name: str, key: str, document: Document) -> Iterator[Problem]:
    create = f"kubectl --context {cluster.context} create namespace {name}"
    if document and "deletionTimestamp" in document["metadata"]:
        what = f'the namespace "{name}" is being deleted'
        yield NAMESPACE_MISSING.problem(key, what, f"wait until it is gone, then create it:\n{create}")
    elif document is None:
        what = f'the cluster of context "{cluster.context}" has no namespace "{name}", and the stack does not create it'
        own = "\nor let the stack create and protect it: logstack:cluster: {createNamespace: true}"
        fix = f"create it:\n{create}{own if key == 'cluster.namespace' else ''}"
        yield NAMESPACE_MISSING.problem(key, what, fix)


def _kinds_problems(
    cluster: ClusterSettings, api_version: str, declared: Mapping[str, str], document: Document
) -> Iterator[Problem]:
    served = {each["kind"] for each in document["resources"]} if document else set()
    for kind, manifest in declared.items():
        if kind not in served:
            what = (
                f'the cluster of context "{cluster.context}" has no kind {kind} of {api_version}, '
                f"which the stack declares ({manifest})"
            )
            fix = (
                f"install what brings {api_version.partition('/')[0]} (an operator and its CustomResourceDefinitions), "
                "or remove the key that declares it"
            )
            yield KIND_MISSING.problem("cluster.context", what, fix)


def _classes_problems(
    cluster: ClusterSettings, classes: Mapping[str | None, str], document: Document
) -> Iterator[Problem]:
    metadata = [each["metadata"] for each in document["items"] or []] if document else []  # null when there is none
    names = sorted(each["name"] for each in metadata)
    has_default = any(each.get("annotations", {}).get(key) == "true" for each in metadata for key in _IS_DEFAULT)
    there = listed(names, "and") or "none"
    for name, key in classes.items():
        if name is None:
            if not has_default and not cluster.skip_await:
                what = f"volumes name no StorageClass, and the cluster has no default one (it has {there})"
                yield NO_DEFAULT_CLASS.problem(key, what, f"name one: logstack:{key}, or make one the default")
        elif name not in names:
            what = f'the cluster of context "{cluster.context}" has no StorageClass "{name}" (it has {there})'
            meant = nearest(name, names)
            fix = f"did you mean {meant}?" if meant else "correct the name"
            by_hand = "kubernetes.io/no-provisioner is the provisioner for volumes that somebody makes by hand"
            yield CLASS_MISSING.problem(key, what, f"{fix}\nor create it: {by_hand}")


def _object_problems(
    cluster: ClusterSettings, required: ExistingObject, get: Get, document: Document
) -> Iterator[Problem]:
    called = f'{required.kind.name} "{required.name}"'
    where = (
        f'the namespace "{required.namespace}"' if required.namespace else f'the cluster of context "{cluster.context}"'
    )
    if document is None:
        yield required.rule.problem(required.key, f"{where} has no {called}", required.fix)
        return
    names = _secret_keys(document)
    lacking = [key for key in required.data_keys if key not in names]
    # A key that nobody is known to have written may be there all the same: then the Secret has more keys than names.
    if lacking and _number_of_keys(get(_path(required), _TABLE)) == len(names):
        what = f"the {called} has no key {listed(lacking, 'and')}"
        fix = f"add {'it' if len(lacking) == 1 else 'them'} to the Secret, or name another: logstack:{required.key}"
        yield KEY_MISSING.problem(required.key, what, fix)


def _secret_keys(metadata: Mapping[str, Any]) -> set[str]:
    """Return the names of a Secret's keys, as far as somebody is known to have written them."""
    owned = [each.get("fieldsV1", {}) for each in metadata["metadata"].get("managedFields", [])]
    fields = [fields.get(part, {}) for fields in owned for part in ("f:data", "f:stringData")]
    return {name.removeprefix("f:") for each in fields for name in each if name.startswith("f:")}


def _number_of_keys(table: Answer) -> int | None:
    if isinstance(table, NoAnswer):
        return None
    columns = [column["name"] for column in table["columnDefinitions"]]
    number: int = table["rows"][0]["cells"][columns.index("Data")]
    return number

"""The consequences of a change: by the rules, by the pods that restart, and those that no rule knows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from logstack.diff.changes import SETTINGS, Change, changes
from logstack.diff.comparison import Comparison, changed_files, compare
from logstack.diff.effects import Effect, rank, worst
from logstack.diff.rolls import Roll, loki_workloads, rolls
from logstack.diff.rule import Rule, Sides
from logstack.diff.rules import RULES
from logstack.diff.snapshot import Rendered, Requests
from logstack.manifests.charts import Workload
from logstack.manifests.loki.chart import CONFIG_HASH, GATEWAY_KEY, ROLES
from logstack.settings.model.quantities import kubernetes_cpu
from logstack.settings.model.roles import Duty
from logstack.settings.problems import listed
from logstack.text.words import counted, spoken_share, spoken_size

# Causes of a restart that a sentence lists, and characters of a value in it.
_FEW = 3
_LONGEST = 120
_WRITERS = frozenset(key for key, role in ROLES.items() if Duty.HOLDS in role.row.duties)
_PLAN = Change("plan", "", "its text", "another text")


@dataclass(frozen=True)
class Sentence:
    """A sentence of the output: a template and its values."""

    template: str
    values: dict[str, str] = field(default_factory=dict)

    def text(self, mark: Callable[[str], str] = str) -> str:
        """Return the sentence; `mark` renders a value, as in Markdown."""
        return self.template.format_map({key: mark(value) for key, value in self.values.items()})


@dataclass(frozen=True)
class Consequence:
    """One kind of consequence, and every change that has it."""

    rule: str
    effect: Effect
    sentences: tuple[Sentence, ...]
    do: str
    """The operator's next step."""
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class StackDiff:
    """The difference of one stack."""

    stack: str
    change: Literal["changed", "added", "removed"]
    consequences: tuple[Consequence, ...]
    """The worst first."""
    restarts: tuple[Roll, ...] = ()
    requests: tuple[Requests | None, Requests | None] = (None, None)
    """The stack's requests before and after."""
    comparison: Comparison | None = None
    """Line by line; None for a stack that only one side has."""

    @property
    def worst(self) -> Effect | None:
        """Return the worst class; None if nothing differs."""
        return worst(each.effect for each in self.consequences)


def stack_diff(stack: str, before: Rendered | None, after: Rendered | None, today: date) -> StackDiff | None:
    """Return the difference; None if there is none. `today` is in UTC."""
    if before and after:
        return _changed(stack, before, after, today)
    if after:
        resources = counted(len(after.resources), "resource")
        template = f"A new stack: {resources}, and the charts' objects. It requests "
        sentence = Sentence(template + "{total}.", {"total": _total(after.requests)})
        consequence = Consequence(
            "stack-added", Effect.COST, (sentence,), f"Read the whole plan: `logstack plan {stack}`.", ()
        )
        return StackDiff(stack, "added", (consequence,), requests=(None, after.requests))
    if before:
        template = (
            "The change deletes the stack file. The stack's resources keep running, unmanaged and without updates."
        )
        do = (
            f"To remove them, run `pulumi destroy --stack {stack}` with the file still there. Protected resources stay."
        )
        gone = Consequence("stack-removed", Effect.SECURITY, (Sentence(template),), do, ())
        return StackDiff(stack, "removed", (gone,), requests=(before.requests, None))
    return None


def _changed(stack: str, before: Rendered, after: Rendered, today: date) -> StackDiff | None:
    files = changed_files(before, after)
    compared = compare(before, after, files)
    if compared.is_empty:
        return None
    differences = changes(before, after, files)
    sides = Sides(before, after, today)
    restarts = rolls(differences, before, after)
    workloads = _added_and_removed(differences, sides)
    consequences = [*workloads, *_restarts(differences, restarts, sides), *_requests(before, after)]
    covered = {
        change for each in workloads for change in each.changes if not change.is_at("loki-values.yaml *.enabled")
    }
    consequences += _by_rules([change for change in differences if change not in covered], sides)
    consequences += _unknown(differences, consequences)
    if not consequences:
        template = "Only the plan's text differs."
        consequences = [Consequence("plan-only", Effect.COSMETIC, (Sentence(template),), "Nothing.", (_PLAN,))]
    ordered = sorted(consequences, key=lambda each: rank(each.effect))
    return StackDiff(stack, "changed", tuple(ordered), restarts, (before.requests, after.requests), compared)


def _by_rules(differences: Sequence[Change], sides: Sides) -> Iterator[Consequence]:
    """Yield one consequence for each rule name: rules may share a name."""
    groups: dict[str, list[tuple[Rule, Change]]] = {}
    for rule in RULES:
        for change in differences:
            if rule.holds(change, sides):
                groups.setdefault(rule.name, []).append((rule, change))
    for name, held in groups.items():
        sentences = {sentence.text(): sentence for sentence in (_sentence(rule, change) for rule, change in held)}
        rule = held[0][0]
        touched = tuple(dict.fromkeys(change for _, change in held))
        yield Consequence(name, rule.effect, tuple(sentences.values()), rule.do, touched)


def _sentence(rule: Rule, change: Change) -> Sentence:
    values = {
        "before": rule.spoken(change.before),
        "after": rule.spoken(change.after),
        "path": change.path,
        "part": _part(change),
    }
    template = rule.sentence
    return Sentence(template, {key: shortened(value) for key, value in values.items() if f"{{{key}}}" in template})


def shortened(value: str) -> str:
    """Cut a value to the length that fits a sentence; the details have all of it."""
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}..."


def _part(change: Change) -> str:
    """The role or release whose pods or volumes a change is about."""
    if change.artefact == "loki-values.yaml":
        return change.path.partition(".")[0]
    return change.artefact.removesuffix("-values.yaml").partition(".")[0]


def _added_and_removed(differences: Sequence[Change], sides: Sides) -> list[Consequence]:
    """Workloads of Loki's chart that only one side has; their values need no consequence of their own."""
    old, new = loki_workloads(sides.before), loki_workloads(sides.after)
    added = [new[part] for part in new if part not in old]
    removed = [old[part] for part in old if part not in new]
    room = "Check that the nodes have room for the stack's total requests."
    volumes = "Its volumes stay: delete unneeded claims with `kubectl delete pvc NAME`."
    return [
        *_workloads(
            "workload-comes",
            added,
            "{workload} is new ({pods}).",
            room,
            [*_own(added, differences), *_read_by(added, differences)],
        ),
        *_workloads("workload-goes", removed, "{workload} goes ({pods}).", volumes, _own(removed, differences)),
    ]


def _workloads(
    rule: str, works: Sequence[Workload], template: str, do: str, differences: Sequence[Change]
) -> Iterator[Consequence]:
    if works:
        sentences = tuple(Sentence(template, {"workload": each.called, "pods": _pods(each.pods)}) for each in works)
        yield Consequence(rule, Effect.COST, sentences, do, tuple(differences))


def _own(works: Sequence[Workload], differences: Sequence[Change]) -> list[Change]:
    return [change for each in works for change in differences if change.is_at(f"loki-values.yaml {each.part}.*")]


def _read_by(added: Sequence[Workload], differences: Sequence[Change]) -> Iterator[Change]:
    """The changes of loki.yaml, if new pods read it."""
    if any(each.part in ROLES for each in added):
        yield from (change for change in differences if change.artefact == "loki.yaml" or change.path == CONFIG_HASH)


def _pods(number: int | None) -> str:
    return "on every node" if number is None else counted(number, "pod")


def _restarts(differences: Sequence[Change], restarts: Sequence[Roll], sides: Sides) -> Iterator[Consequence]:
    if restarts:
        yield _pods_restart(differences, restarts)
    yield from _writes_stop(restarts, sides)
    yield from _not_taken_up(differences)
    reloaded = [
        change
        for change in differences
        if change.is_at("*.alloy *") and change.path and not change.is_at("*.alloy *comment")
    ]
    if reloaded:
        template = "Alloy reloads {files}; no pod restarts for it."
        files = listed(list(dict.fromkeys(change.artefact for change in reloaded)), "and")
        do = "Watch alloy_config_last_load_successful: Alloy keeps the old configuration if it refuses the new one."
        sentence = Sentence(template, {"files": files})
        yield Consequence("collector-reloads", Effect.RESTART, (sentence,), do, tuple(reloaded))


def _not_taken_up(differences: Sequence[Change]) -> Iterator[Consequence]:
    """A mistake in the code: pods restart for a new loki.yaml because their annotations contain its hash."""
    config = tuple(change for change in differences if change.artefact == "loki.yaml")
    if config and not any(change.path == CONFIG_HASH for change in differences):
        template = "loki.yaml differs, but its hash in the pods' annotations does not: no pod loads it by itself."
        do = "Fix the code; until then restart the pods: `kubectl rollout restart KIND/NAME`."
        yield Consequence("not-taken-up", Effect.UNCLASSED, (Sentence(template),), do, config)


def _pods_restart(differences: Sequence[Change], restarts: Sequence[Roll]) -> Consequence:
    sentences = tuple(
        Sentence(
            f"{{workload}} {'is recreated' if roll.recreated else 'restarts'} ({{pods}}): {{because}}.",
            _roll_values(roll),
        )
        for roll in restarts
    )
    causes = dict.fromkeys(change for roll in restarts for change in roll.because)
    if any(change.path == CONFIG_HASH for change in causes):
        causes |= dict.fromkeys(change for change in differences if change.artefact == "loki.yaml")
    do = "The pods restart one after the other; watch them with `kubectl rollout status KIND/NAME`."
    return Consequence("pods-restart", Effect.RESTART, sentences, do, tuple(causes))


def _roll_values(roll: Roll) -> dict[str, str]:
    return {"workload": roll.workload, "pods": _pods(roll.pods), "because": listed(_causes(roll), "and")}


def _causes(roll: Roll) -> list[str]:
    """A few of the changed paths; the hash of loki.yaml counts as loki.yaml."""
    paths = dict.fromkeys("loki.yaml" if change.path == CONFIG_HASH else _short(change.path) for change in roll.because)
    few = list(paths)[:_FEW]
    return [*few, *([f"{len(paths) - _FEW} more"] if len(paths) > _FEW else [])]


def _short(path: str) -> str:
    """Remove the prefix that every path of a pod template has."""
    return path.removeprefix("spec.template.").removeprefix("spec.")


def _writes_stop(restarts: Sequence[Roll], sides: Sides) -> Iterator[Consequence]:
    """Restarts that stop pushes, all or some of them."""
    ring = sides.after.ring
    survived = min(ring.lost_writers_survived, sides.before.ring.lost_writers_survived)
    do = "Deploy in a quiet hour: collectors retry and lose none of their lines meanwhile (`logstack plan`)."
    for roll in restarts:
        if roll.part in _WRITERS and not survived:
            template = "While each of {pods} restarts, Loki refuses pushes for about {share} of the streams: "
            values = {
                "pods": counted(ring.writers, "writer"),
                "share": spoken_share(ring.refused_share),
                "factor": str(ring.replication_factor),
            }
            sentence = Sentence(template + "replication factor {factor} survives no lost writer.", values)
            yield Consequence("writers-restart", Effect.WRITE_OUTAGE, (sentence,), do, roll.because)
        if roll.part == GATEWAY_KEY and roll.pods == 1:
            sentence = Sentence("The only gateway restarts: pushes and queries wait until it is back.")
            yield Consequence("gateway-restarts", Effect.WRITE_OUTAGE, (sentence,), do, roll.because)


def _requests(before: Rendered, after: Rendered) -> Iterator[Consequence]:
    if before.requests != after.requests:
        values = {"before": _total(before.requests), "after": _total(after.requests)}
        sentence = Sentence("The whole stack requests {after}; before, it requested {before}.", values)
        do = "Every node adds a collector: `logstack plan` shows the requests per node."
        yield Consequence("sum", Effect.COST, (sentence,), do, ())


def _total(requests: Requests) -> str:
    cpu, memory = kubernetes_cpu(requests.cpu_millicores), spoken_size(requests.memory_bytes)
    disk = spoken_size(requests.disk_bytes)
    return f"CPU {cpu}, memory {memory}, disk {disk} on {counted(requests.nodes, 'node')}"


def _unknown(differences: Sequence[Change], consequences: Sequence[Consequence]) -> Iterator[Consequence]:
    """Changes without a consequence. A key of the stack file is one only if no artefact changed."""
    explained = {change for each in consequences for change in each.changes}
    rendered = any(change.artefact != SETTINGS for change in differences)
    unknown = [
        change for change in differences if change not in explained and not (rendered and change.artefact == SETTINGS)
    ]
    if unknown:
        sentences = tuple(
            Sentence(
                "{location}: {before} to {after}.",
                {
                    "location": change.location,
                    "before": shortened(change.before or "none"),
                    "after": shortened(change.after or "none"),
                },
            )
            for change in unknown
        )
        do = "No rule knows this change: read it, and treat it like a restart. Add a rule in logstack/diff/rules/."
        yield Consequence("unknown", Effect.UNCLASSED, sentences, do, tuple(unknown))

"""What a change comes to: the rules, the pods that restart, and what no rule knows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from logstack.diff.changes import SETTINGS, Change, changes
from logstack.diff.comparison import Comparison, compare
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

# Of what makes a pod restart, and of a value in a sentence.
_FEW = 3
_LONGEST = 120
_WRITERS = frozenset(key for key, role in ROLES.items() if Duty.HOLDS in role.row.duties)
_PLAN = Change("plan", "", "its words", "other words")


@dataclass(frozen=True)
class Sentence:
    """What is said, with the values that stand in it."""

    template: str
    values: dict[str, str] = field(default_factory=dict)

    def said(self, mark: Callable[[str], str] = str) -> str:
        """The sentence; `mark` writes down a value."""
        return self.template.format_map({key: mark(value) for key, value in self.values.items()})


@dataclass(frozen=True)
class Consequence:
    """One kind of thing that a change does."""

    rule: str
    effect: Effect
    sentences: tuple[Sentence, ...]
    do: str
    """What the operator does about it."""
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class StackDiff:
    """What differs in one stack."""

    stack: str
    change: Literal["changed", "added", "removed"]
    consequences: tuple[Consequence, ...]
    """The worst first."""
    restarts: tuple[Roll, ...] = ()
    requests: tuple[Requests | None, Requests | None] = (None, None)
    """What the stack asks for before and after."""
    comparison: Comparison | None = None
    """The differences themselves, of a stack that is there before and after."""

    @property
    def worst(self) -> Effect | None:
        """The worst class; None where nothing differs."""
        return worst(each.effect for each in self.consequences)


def stack_diff(stack: str, before: Rendered | None, after: Rendered | None, today: date) -> StackDiff | None:
    """What differs; None where nothing does."""
    if before and after:
        return _changed(stack, before, after, today)
    if after:
        says = f"A new stack: {counted(len(after.resources), 'resource')}, and what the charts make. It asks for "
        sentence = Sentence(says + "{asked}.", {"asked": _asked(after.requests)})
        made = Consequence("stack-added", Effect.COST, (sentence,), f"Read it whole: logstack plan {stack}.", ())
        return StackDiff(stack, "added", (made,), requests=(None, after.requests))
    if before:
        says = "The stack's file goes. What it has made goes on running: unmanaged, and without updates."
        do = "To take it down, run `pulumi destroy` while the file is still there; what is protected stays."
        gone = Consequence("stack-removed", Effect.SECURITY, (Sentence(says),), do, ())
        return StackDiff(stack, "removed", (gone,), requests=(before.requests, None))
    return None


def _changed(stack: str, before: Rendered, after: Rendered, today: date) -> StackDiff | None:
    compared = compare(before, after)
    if compared.is_empty:
        return None
    found = changes(before, after)
    sides = Sides(before, after, today)
    restarts = rolls(found, before, after)
    moved = _come_and_gone(found, sides)
    consequences = [*moved, *_restarts(found, restarts, sides), *_requests(before, after)]
    theirs = {change for each in moved for change in each.changes if not change.is_at("loki-values.yaml *.enabled")}
    consequences += _by_rules([change for change in found if change not in theirs], sides)
    consequences += _unknown(found, consequences)
    if not consequences:
        says = "Only the plan's words differ."
        consequences = [Consequence("plan-only", Effect.COSMETIC, (Sentence(says),), "Nothing.", (_PLAN,))]
    ordered = sorted(consequences, key=lambda each: rank(each.effect))
    return StackDiff(stack, "changed", tuple(ordered), restarts, (before.requests, after.requests), compared)


def _by_rules(found: Sequence[Change], sides: Sides) -> Iterator[Consequence]:
    """One consequence for each name of a rule: rules of one name say the same of different things."""
    groups: dict[str, list[tuple[Rule, Change]]] = {}
    for rule in RULES:
        for change in found:
            if rule.holds(change, sides):
                groups.setdefault(rule.name, []).append((rule, change))
    for name, held in groups.items():
        sentences = {sentence.said(): sentence for sentence in (_sentence(rule, change) for rule, change in held)}
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
    return Sentence(rule.says, {key: shortened(value) for key, value in values.items() if f"{{{key}}}" in rule.says})


def shortened(value: str) -> str:
    """A value as far as a sentence can hold it; the whole stands in the details."""
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}..."


def _part(change: Change) -> str:
    """Whose pods or volumes a change is about."""
    if change.artefact == "loki-values.yaml":
        return change.path.partition(".")[0]
    return change.artefact.removesuffix("-values.yaml").partition(".")[0]


def _come_and_gone(found: Sequence[Change], sides: Sides) -> list[Consequence]:
    """Workloads of Loki's chart that only one side has; what is said of their values is said by that."""
    old, new = loki_workloads(sides.before), loki_workloads(sides.after)
    come = [new[part] for part in new if part not in old]
    gone = [old[part] for part in old if part not in new]
    asks = "The nodes must have room: compare with the sum."
    stays = "Its volumes, if it has any, stay: delete the claims when nobody needs them."
    return [
        *_told(
            "workload-comes", come, "{workload} comes ({pods}).", asks, [*_own(come, found), *_read_by(come, found)]
        ),
        *_told("workload-goes", gone, "{workload} goes ({pods}).", stays, _own(gone, found)),
    ]


def _told(rule: str, works: Sequence[Workload], says: str, do: str, found: Sequence[Change]) -> Iterator[Consequence]:
    if works:
        sentences = tuple(Sentence(says, {"workload": each.called, "pods": _pods(each.pods)}) for each in works)
        yield Consequence(rule, Effect.COST, sentences, do, tuple(found))


def _own(works: Sequence[Workload], found: Sequence[Change]) -> list[Change]:
    return [change for each in works for change in found if change.is_at(f"loki-values.yaml {each.part}.*")]


def _read_by(come: Sequence[Workload], found: Sequence[Change]) -> Iterator[Change]:
    """The changes of loki.yaml, where only pods that come read it."""
    if any(each.part in ROLES for each in come):
        yield from (change for change in found if change.artefact == "loki.yaml" or change.path == CONFIG_HASH)


def _pods(number: int | None) -> str:
    return "on every node" if number is None else counted(number, "pod")


def _restarts(found: Sequence[Change], restarts: Sequence[Roll], sides: Sides) -> Iterator[Consequence]:
    if restarts:
        yield _pods_restart(found, restarts)
    yield from _writes_stop(restarts, sides)
    yield from _not_taken_up(found)
    reloaded = [
        change for change in found if change.is_at("*.alloy *") and change.path and not change.is_at("*.alloy *comment")
    ]
    if reloaded:
        says = "Alloy reloads {files}; no pod restarts for it."
        files = listed(list(dict.fromkeys(change.artefact for change in reloaded)), "and")
        do = "Watch alloy_config_last_load_successful: a configuration that is refused leaves the old one running."
        sentence = Sentence(says, {"files": files})
        yield Consequence("collector-reloads", Effect.RESTART, (sentence,), do, tuple(reloaded))


def _not_taken_up(found: Sequence[Change]) -> Iterator[Consequence]:
    """A mistake of the code: pods restart for a new loki.yaml by the hash of it that they carry."""
    config = tuple(change for change in found if change.artefact == "loki.yaml")
    if config and not any(change.path == CONFIG_HASH for change in found):
        says = "loki.yaml differs, and its hash in the pods' annotations does not: no pod takes it up by itself."
        do = "Correct the code; until then restart the pods by hand."
        yield Consequence("not-taken-up", Effect.UNCLASSED, (Sentence(says),), do, config)


def _pods_restart(found: Sequence[Change], restarts: Sequence[Roll]) -> Consequence:
    sentences = tuple(
        Sentence(
            f"{{workload}} {'is made anew' if roll.anew else 'restarts'} ({{pods}}): {{because}}.",
            _roll_values(roll),
        )
        for roll in restarts
    )
    causes = dict.fromkeys(change for roll in restarts for change in roll.because)
    if any(change.path == CONFIG_HASH for change in causes):
        causes |= dict.fromkeys(change for change in found if change.artefact == "loki.yaml")
    do = "One pod after the other; follow it with kubectl rollout status."
    return Consequence("pods-restart", Effect.RESTART, sentences, do, tuple(causes))


def _roll_values(roll: Roll) -> dict[str, str]:
    return {"workload": roll.workload, "pods": _pods(roll.pods), "because": listed(_causes(roll), "and")}


def _causes(roll: Roll) -> list[str]:
    """The paths that count, a few of them; for the hash of loki.yaml, loki.yaml."""
    said = dict.fromkeys("loki.yaml" if change.path == CONFIG_HASH else _short(change.path) for change in roll.because)
    few = list(said)[:_FEW]
    return [*few, *([f"{len(said) - _FEW} more"] if len(said) > _FEW else [])]


def _short(path: str) -> str:
    """A path without what every pod template begins with."""
    return path.removeprefix("spec.template.").removeprefix("spec.")


def _writes_stop(restarts: Sequence[Roll], sides: Sides) -> Iterator[Consequence]:
    """Pods that writes cannot do without while they restart."""
    ring = sides.after.ring
    spared = min(ring.lost_writers_survived, sides.before.ring.lost_writers_survived)
    do = "Pick a quiet hour; collectors try again, and nothing that they hold is lost meanwhile (`logstack plan`)."
    for roll in restarts:
        if roll.part in _WRITERS and not spared:
            says = "While each of {pods} restarts, pushes for about {share} of the streams are refused: replication "
            values = {
                "pods": counted(ring.writers, "writer"),
                "share": spoken_share(ring.refused_share),
                "copies": str(ring.replication_factor),
            }
            sentence = Sentence(says + "{copies} spares no writer.", values)
            yield Consequence("writers-restart", Effect.WRITE_OUTAGE, (sentence,), do, roll.because)
        if roll.part == GATEWAY_KEY and roll.pods == 1:
            sentence = Sentence("The only gateway restarts: pushes and queries wait until it is back.")
            yield Consequence("gateway-restarts", Effect.WRITE_OUTAGE, (sentence,), do, roll.because)


def _requests(before: Rendered, after: Rendered) -> Iterator[Consequence]:
    if before.requests != after.requests:
        values = {"before": _asked(before.requests), "after": _asked(after.requests)}
        sentence = Sentence("The whole stack asks for {after}; before it was {before}.", values)
        do = "More nodes have more collectors: the plan says the sum for each node."
        yield Consequence("sum", Effect.COST, (sentence,), do, ())


def _asked(requests: Requests) -> str:
    cpu, memory = kubernetes_cpu(requests.cpu_millicores), spoken_size(requests.memory_bytes)
    disk = spoken_size(requests.disk_bytes)
    return f"CPU {cpu}, memory {memory}, disk {disk} on {counted(requests.nodes, 'node')}"


def _unknown(found: Sequence[Change], consequences: Sequence[Consequence]) -> Iterator[Consequence]:
    """What nothing above accounts for. A key of the stack file counts where nothing that it makes has changed."""
    known = {change for each in consequences for change in each.changes}
    made = any(change.artefact != SETTINGS for change in found)
    unknown = [change for change in found if change not in known and not (made and change.artefact == SETTINGS)]
    if unknown:
        sentences = tuple(
            Sentence(
                "{place}: {before} to {after}.",
                {
                    "place": change.place,
                    "before": shortened(change.before or "nothing"),
                    "after": shortened(change.after or "nothing"),
                },
            )
            for change in unknown
        )
        do = "No rule knows this: read it, and treat it like a restart. A rule belongs into logstack/diff/rules/."
        yield Consequence("unknown", Effect.UNCLASSED, sentences, do, tuple(unknown))

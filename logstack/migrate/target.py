"""What a stack is to become: a deployment mode, or the keys of a file; and what of it cannot be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from logstack.migrate.edit import Version
from logstack.settings.load.loader import Stack
from logstack.settings.load.stack_file import PROJECT, Value, plain, read_yaml
from logstack.settings.model.object_store import store_class
from logstack.settings.model.roles import DeploymentMode
from logstack.settings.problems import Problem, Rule, StackProblems, listed

MODES: tuple[str, ...] = get_args(DeploymentMode)
STORE = "objectStore"
# What a mode may need besides its name.
OF_MODES = ("deploymentMode", "replicas", "replicationFactor", "size", "resources", "storageClass")

UNKNOWN = Rule("migration-to-nowhere", "there is nothing to move to")
SAME = Rule("migration-to-the-same", "nothing would move")
OTHER_KEY = Rule(
    "migration-of-another-key", "a migration moves the mode and the store: of this nobody has proven how it goes"
)
FROM_VOLUME = Rule(
    "migration-from-a-volume",
    "the lines are on the volume of the one monolithic pod, where pods of another mode would not find them",
)
TO_VOLUME = Rule(
    "migration-to-a-volume", "lines would go from a store that outlives every pod onto the volume of one of them"
)
FROM_AWS = Rule(
    "migration-from-aws-s3",
    "Loki reads a former store with a key of its own, and this bucket knows roles alone: its lines would not be found",
)
FROM_CLAIM = Rule(
    "migration-from-a-claim", "the stack would give up its claim, and Rook deletes a bucket with the claim it is for"
)
SECOND = Rule("migration-while-migrating", "Loki is told of two stores: the lines in the oldest would not be found")


@dataclass(frozen=True)
class Wanted:
    """The keys that change."""

    of_mode: Mapping[str, Value]
    store: Mapping[str, Value] | None


def wanted(to: str, version: Version) -> Wanted:
    """What `--to` says: a mode, or a file with keys as in a stack file. Raises StackProblems."""
    changes = {"deploymentMode": to} if to in MODES else _of_file(to)
    now = {key.removeprefix(f"{PROJECT}:"): value for key, value in version.config().items()}
    changes = {key: value for key, value in changes.items() if plain(now.get(key)) != value}
    store = changes.pop(STORE, None)
    found = Wanted(changes, store if isinstance(store, Mapping) else None)
    if problems := list(_refused(to, found, version.stack)):
        raise StackProblems(problems)
    return found


def _of_file(to: str) -> dict[str, Value]:
    path = Path(to)
    if not path.is_file():
        fix = f"--to {listed(MODES)}, or --to a file with the keys that change, under config: as in a stack file"
        raise StackProblems([_problem(UNKNOWN, "--to", f"{to} is neither a deployment mode nor a file", fix)])
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in read_yaml(path).config.items()}


def _refused(to: str, found: Wanted, stack: Stack) -> Iterator[Problem]:
    """Everything that a migration does not do."""
    settings = stack.settings
    if not found.of_mode and not found.store:
        yield _problem(SAME, "--to", f"{stack.name} is already what {to} says", "name another mode or another store")
    if others := sorted(set(found.of_mode) - set(OF_MODES)):
        what = f"{to} changes {listed(others, 'and')}"
        fix = f"change that before or after; a migration takes {listed((*OF_MODES, STORE), 'and')}"
        yield _problem(OTHER_KEY, "--to", what, fix)
    if settings.object_store.on_loki_volume and "deploymentMode" in found.of_mode and not found.store:
        fix = "name an objectStore in the file as well: the store moves first"
        yield _problem(FROM_VOLUME, f"{PROJECT}:{STORE}", "the store is filesystem", fix)
    if not found.store:
        return
    if store_class(found.store.get("kind")).on_loki_volume:
        yield _problem(TO_VOLUME, f"{PROJECT}:{STORE}", "the new store is filesystem", "name a store outside the pods")
    for maker, rule in (("role", FROM_AWS), ("claim", FROM_CLAIM)):
        if settings.object_store.access_key.made_by == maker:
            fix = "copy the bucket's objects to the new one while Loki is stopped, with the new store's own tools"
            yield _problem(rule, f"{PROJECT}:{STORE}", f"the store of today is {settings.object_store.kind}", fix)
    if settings.former_object_store:
        what = f"there is a former store already, of the days before {settings.former_object_store.before}"
        fix = f"wait until those lines have expired and remove {PROJECT}:formerObjectStore"
        yield _problem(SECOND, f"{PROJECT}:formerObjectStore", what, fix)


def _problem(rule: Rule, path: str, what: str, fix: str) -> Problem:
    return Problem(rule.name, path, what, rule.consequence, fix)

"""The target of a migration: a deployment mode, or the keys of a file; and the targets that it refuses."""

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
# Keys that a change of mode may change.
OF_MODES = ("deploymentMode", "replicas", "replicationFactor", "size", "resources", "storageClass")

UNKNOWN = Rule("migration-to-nowhere", "the migration has no target")
SAME = Rule("migration-to-the-same", "the migration would move nothing")
OTHER_KEY = Rule(
    "migration-of-another-key", "a migration moves only the mode and the store; nobody has tested it with other keys"
)
FROM_VOLUME = Rule(
    "migration-from-a-volume",
    "the lines are on the volume of the only monolithic pod; pods of another mode would not find them",
)
TO_VOLUME = Rule("migration-to-a-volume", "lines would move from a store that outlives every pod to one pod's volume")
FROM_AWS = Rule(
    "migration-from-aws-s3",
    "Loki needs an access key for a former store, and this bucket accepts only roles: no query would find its lines",
)
FROM_CLOUD = Rule(
    "migration-from-a-cloud",
    "Loki needs an access key for a former store, and pods reach this one by an identity: no query would find its "
    "lines",
)
FROM_OWN_BUCKET = Rule(
    "migration-from-own-bucket", "the bucket would leave the stack, and Pulumi refuses to forget a protected resource"
)
FROM_CLAIM = Rule(
    "migration-from-a-claim", "the stack would delete its claim, and Rook deletes a bucket with its claim"
)
SECOND = Rule("migration-while-migrating", "Loki reads only two stores: queries would not find the lines in the oldest")


@dataclass(frozen=True)
class Target:
    """The keys to change."""

    of_mode: Mapping[str, Value]
    store: Mapping[str, Value] | None


def resolve_target(to: str, version: Version) -> Target:
    """Resolve `--to`: a mode, or a file with keys as in a stack file. Raises StackProblems."""
    changes = {"deploymentMode": to} if to in MODES else _of_file(to)
    current = {key.removeprefix(f"{PROJECT}:"): value for key, value in version.config().items()}
    changes = {key: value for key, value in changes.items() if plain(current.get(key)) != value}
    store = changes.pop(STORE, None)
    target = Target(changes, store if isinstance(store, Mapping) else None)
    if problems := list(_refused(to, target, version.stack)):
        raise StackProblems(problems)
    return target


def _of_file(to: str) -> dict[str, Value]:
    path = Path(to)
    if not path.is_file():
        fix = f"use --to {listed(MODES)}, or --to FILE with the keys to change, under config: as in a stack file"
        raise StackProblems([_problem(UNKNOWN, "--to", f'"{to}" is neither a deployment mode nor a file', fix)])
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in read_yaml(path).config.items()}


def _refused(to: str, target: Target, stack: Stack) -> Iterator[Problem]:
    """Problems for everything that a migration refuses."""
    settings = stack.settings
    if not target.of_mode and not target.store:
        yield _problem(SAME, "--to", f'{stack.name} already matches "{to}"', "name another mode or another store")
    if unsupported := sorted(set(target.of_mode) - set(OF_MODES)):
        what = f"{to} changes {listed(unsupported, 'and')}"
        fix = f"change that before or after; a migration accepts {listed((*OF_MODES, STORE), 'and')}"
        yield _problem(OTHER_KEY, "--to", what, fix)
    if settings.object_store.on_loki_volume and "deploymentMode" in target.of_mode and not target.store:
        fix = "add an objectStore to the file: the store moves first"
        yield _problem(FROM_VOLUME, f"{PROJECT}:{STORE}", "the store is filesystem", fix)
    if not target.store:
        return
    if store_class(target.store.get("kind")).on_loki_volume:
        yield _problem(
            TO_VOLUME, f"{PROJECT}:{STORE}", "the new store is filesystem", "name an object store outside the pods"
        )
    by_identity = FROM_AWS if settings.object_store.in_aws else FROM_CLOUD
    for maker, rule in (("identity", by_identity), ("claim", FROM_CLAIM)):
        if settings.object_store.access_key.made_by == maker:
            fix = "stop Loki and copy the bucket's objects to the new bucket with the new store's own tools"
            yield _problem(rule, f"{PROJECT}:{STORE}", f"the current store is {settings.object_store.kind}", fix)
    current = settings.object_store
    if current.protects_bucket and current.access_key.made_by != "identity":
        fix = "hand the bucket over first: docs/how-to/deploy-on-aws.md"
        yield _problem(FROM_OWN_BUCKET, f"{PROJECT}:{STORE}", f"the stack creates the bucket {current.bucket}", fix)
    if settings.former_object_store:
        what = f"the stack already has a former store, for the days before {settings.former_object_store.before}"
        fix = f"wait until its lines expire, then remove {PROJECT}:formerObjectStore"
        yield _problem(SECOND, f"{PROJECT}:formerObjectStore", what, fix)


def _problem(rule: Rule, path: str, what: str, fix: str) -> Problem:
    return Problem(rule.name, path, what, rule.consequence, fix)

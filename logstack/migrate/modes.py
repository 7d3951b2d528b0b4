"""From one deployment mode to another: the new pods join the ring of the old ones, which then leave it one by one.

A StatefulSet that Pulumi deletes leaves its pods running (its deletion is an orphaning one), so the old writers keep
what they have not flushed, in the same memberlist ring and before the same bucket. A pod that is told to stop flushes
and leaves the ring. Proven with the real Loki: tests/real/test_migrations.py.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from ruamel.yaml.comments import CommentedMap

from logstack.diff.rolls import loki_workloads
from logstack.manifests.charts import Workload
from logstack.manifests.loki.addresses import leader
from logstack.manifests.loki.chart import OF_EVERY_MODE, ROLES
from logstack.manifests.loki.leader import is_elected
from logstack.migrate.edit import Version
from logstack.migrate.model import Stage
from logstack.migrate.stages import changing, kubectl, rendered
from logstack.migrate.target import MODES
from logstack.settings.load.edit import Edit, flow, key_of
from logstack.settings.load.stack_file import Value
from logstack.settings.model.roles import DeploymentMode, Duty, Role, roles_of


def mode_stages(version: Version, keys: Mapping[str, Value]) -> tuple[list[Stage], Version]:
    """The stages of a change of mode, and the stack after them; raises StackProblems."""
    changed = version.edited(_mode(version, keys))
    staying = loki_workloads(rendered(changed))
    old = [each for part, each in loki_workloads(rendered(version)).items() if part not in (*OF_EVERY_MODE, *staying)]
    if not old:
        return [_resized(version, changed)], changed
    pods = [each for each in old if each.kind == "StatefulSet"]
    return [_both(version, changed, old), _left(version, changed, pods), _cleaned(version, pods)], changed


def _mode(version: Version, keys: Mapping[str, Value]) -> Edit:
    """The mode and what it needs; what is said of the roles of other modes goes."""
    mode = keys.get("deploymentMode", version.stack.settings.deployment_mode)
    roles = roles_of(cast("DeploymentMode", mode)) if mode in MODES else ()

    def edit(config: CommentedMap) -> None:
        for key, value in keys.items():
            config[key_of(config, key)] = value
        if "replicas" not in keys and mode == "monolithic":
            # As many as there were writers: the copies of each line need as many pods.
            config[key_of(config, "replicas")] = flow({"monolithic": version.stack.settings.writers})
        for group in ("replicas", "resources"):
            said = config.get(key_of(config, group), {})
            for role in [role for role in said if role in _ROLE_KEYS and role not in roles]:
                del said[role]
            if not said:
                config.pop(key_of(config, group), None)

    return edit


_ROLE_KEYS = frozenset(role.key for role in Role)


def _resized(before: Version, after: Version) -> Stage:
    return changing(
        f"More or fewer pods of the mode {after.stack.settings.deployment_mode}",
        before,
        after,
        day=before.today,
        check=("every pod of Loki is ready", "the canary misses no line"),
        back="put the file back and `pulumi up`",
    )


def _both(before: Version, after: Version, old: Sequence[Workload]) -> Stage:
    stateful = [each.called for each in old if each.kind == "StatefulSet"]
    at_once = [each.called for each in old if each.kind != "StatefulSet"]
    goes = (f"{', '.join(at_once)} goes with its pods",) if at_once else ()
    stage = changing(
        f"The pods of {after.stack.settings.deployment_mode} join the ring",
        before,
        after,
        day=before.today,
        check=(
            f"{kubectl(before, 'get pods -l app.kubernetes.io/name=loki')}: all ready, the old ones among them",
            "the gateway's /ring shows the old and the new writers, all ACTIVE",
            "lines from before the change are found, those that no writer had flushed yet too",
            "the canary misses no line",
        ),
        back="put the file back and `pulumi up`: the StatefulSets take up their pods again, which are called as theirs",
    )
    alone = " and ".join(stateful)
    then = (
        f"the pods of {alone} go on running, with lines that are in no bucket yet; nothing starts one again if it dies",
        *goes,
        "while the gateway changes over, pushes and queries may fail for some seconds; collectors send again",
    )
    return Stage(stage.title, stage.change, (*then, *stage.follows), stage.do, stage.check, stage.back)


def _left(before: Version, after: Version, old: Sequence[Workload]) -> Stage:
    """The others first: a writer is the only one that holds what is nowhere else.

    At the end the new compactors' first pod comes again: while both modes ran, the old one's first pod had its token
    (logstack/manifests/loki/leader.py), and the ring leaves it to one of two.
    """
    writers = [each for each in old if Duty.HOLDS in ROLES[each.part].row.duties]
    others = [each for each in old if each not in writers]
    settings = before.stack.settings
    alone = settings.lost_writers_survived == 0
    note = ("with replication 1 or 2, pushes of its streams may be refused while it leaves: collectors send again",)
    return Stage(
        "The old pods leave the ring, one after the other",
        (),
        note if alone else (),
        (*(kubectl(before, f"delete pod {name} --wait") for name in _pods((*others, *writers))), *_leader(after)),
        (
            "after each: it is gone from the gateway's /ring; a writer flushes before it goes, for 5 minutes at most",
            "lines from before the change are found, those of the last writer in 5 minutes: index files take so long",
            "at the end: the ring has the new writers alone",
        ),
        f"until the first writer is deleted: put the file back. After it: logstack migrate {before.stack.name} --to "
        f"{settings.deployment_mode}, in the same way; no line is lost by either",
    )


def _pods(workloads: Sequence[Workload]) -> list[str]:
    """The last one first, as a StatefulSet takes them away."""
    return [f"{each.name}-{number}" for each in workloads for number in reversed(range(each.pods or 0))]


def _leader(after: Version) -> list[str]:
    settings = after.stack.settings
    return [kubectl(after, f"delete pod {leader(settings)} --wait")] if is_elected(settings) else []


def _cleaned(before: Version, old: Sequence[Workload]) -> Stage:
    claims = [(volume.claim, each) for each in old if (volume := ROLES[each.part].row.volume)]
    names = " ".join(f"{claim}-{each.name}-{number}" for claim, each in claims for number in range(each.pods or 0))
    return Stage(
        "Their volumes go",
        (),
        (),
        (kubectl(before, f"delete pvc {names}"),),
        ("lines of the whole retention are found, older and younger than the change",),
        "a volume that is deleted is gone; nothing of it is needed once its pod has left the ring in good order",
    )

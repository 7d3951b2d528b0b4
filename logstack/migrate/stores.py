"""From one object store to another: new days go to the new one, and earlier days are read where they are.

Loki finds a line's store by the schema period of its day, so a move begins with a period of its own. Proven with the
real Loki: tests/real/test_migrations.py.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from ruamel.yaml.comments import CommentedMap

from logstack.manifests.loki.history import next_safe_day
from logstack.migrate.edit import Version
from logstack.migrate.model import Stage
from logstack.migrate.stages import changing, kubectl
from logstack.settings.load.edit import Edit, add_period, flow, key_of, quoted_day
from logstack.settings.load.stack_file import Value
from logstack.settings.model.object_store import STATIC_CREDENTIALS_SECRET, ObjectStoreSettings
from logstack.text.words import spoken_duration

FORMER_SECRET = "loki-s3-former"  # noqa: S105 - the name of a Secret
# Writers open the next day's index two hours before it begins (LokiStack's rule, UTC).
_LATEST_HOUR = 22


def store_stages(version: Version, store: Mapping[str, Value], now: datetime) -> tuple[list[Stage], Version]:
    """The stages of a move, and the stack after them."""
    began = next_safe_day(now)
    stages = []
    named = version
    if _key_is_the_stacks_own(version):
        named = version.edited(_name_the_secret)
        stages.append(_secret(version, named))
    moved = named.edited(_move(store, began))
    ended = moved.edited(_end)
    over = began + version.stack.settings.longest_retention
    stages += [_new_store(moved.stack.settings.object_store), _moved(named, moved, began), _begun(moved, began, over)]
    stages.append(_ended(moved, ended, over))
    return stages, ended


def _key_is_the_stacks_own(version: Version) -> bool:
    return version.stack.settings.object_store.access_key.is_declared


def _secret(before: Version, after: Version) -> Stage:
    copy = (
        f"{kubectl(before, f'get secret {STATIC_CREDENTIALS_SECRET} -o json')}"
        f" | jq '{{apiVersion, kind, data, metadata: {{name: \"{FORMER_SECRET}\"}}}}'"
        f" | {kubectl(before, 'apply -f -')}"
    )
    return changing(
        "The key of today's store gets a Secret of its own",
        before,
        after,
        day=before.today,
        first=(copy,),
        check=("every pod of Loki is ready", "the canary misses no line", "whoever renews that key renews it here now"),
        back="put objectStore back as it was and `pulumi up`: nothing is lost",
    )


def _new_store(store: ObjectStoreSettings) -> Stage:
    made = (
        "the stack makes it in the next stage"
        if store.makes_bucket
        else (f"make the bucket {store.bucket}, empty and without a lifecycle that is shorter than the retention")
    )
    key = store.access_key
    secret = (
        f"make the Secret {key.secret} with its AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        if key.made_by == "secret"
        else (
            "where it has one and names no credentialsSecret: pulumi config set --secret logstack:accessKeyId, and "
            "logstack:secretAccessKey, just before the next `pulumi up`"
        )
    )
    return Stage(
        "The new store is there",
        (),
        (),
        (f"the bucket: {made}", f"its key: {secret}"),
        ("the key can list, read, write and delete in the bucket",),
        "nothing has changed yet",
    )


def _moved(before: Version, after: Version, began: date) -> Stage:
    rules = (
        "rules that were made by Loki's API, and deletions that were asked for and are not done, stay in the old store"
    )
    return changing(
        f"From {began} (UTC) on, lines go to the new store",
        before,
        after,
        day=before.today,
        first=(
            f"be done before {began - timedelta(days=1)} {_LATEST_HOUR}:00 UTC, or begin again with a later day",
            rules,
        ),
        check=(
            "every pod of Loki is ready, and says nothing of level=error about a store",
            f"lines of today are found: until {began} they still go to the old store",
            "the canary misses no line",
        ),
        back=f"before {began}: put the file back and `pulumi up`, nothing is lost. After it: not any more",
    )


def _begun(version: Version, began: date, over: date) -> Stage:
    kept = spoken_duration(version.stack.settings.longest_retention)
    return Stage(
        f"Both are read, from {began} until {over}",
        (),
        (),
        (f"wait: the last line of the old store is {kept} old on {over}", "keep the old store, its key and its volume"),
        (
            f"on {began} the new bucket has objects under index/ and chunks of this day",
            f"lines from before and after {began} 00:00 UTC are found by one query",
            "the compactor works: loki_compactor_apply_retention_last_successful_run_timestamp_seconds moves",
        ),
        f"lines since {began} are in the new store alone: going back is a migration of its own",
    )


def _ended(before: Version, after: Version, over: date) -> Stage:
    store = before.stack.settings.former_object_store
    last = "delete the old bucket and its key"
    if store and store.store.runs_in_stack:
        last = (
            "delete the old S3 server's pod and volume: "
            f"{kubectl(before, 'delete pod loki-s3-0')} and {kubectl(before, 'delete pvc data-loki-s3-0')}"
        )
    elif store and store.store.on_loki_volume:
        last = "nothing: the volume goes on as the write-ahead log's; what expired in it is deleted already"
    stage = changing(
        f"After {over}: the old store goes",
        before,
        after,
        day=over + timedelta(days=1),
        check=(
            "every pod of Loki is ready",
            f"lines of the last {spoken_duration(before.stack.settings.longest_retention)} are found",
        ),
        back="put formerObjectStore back: as long as the old bucket is there, Loki reads it again",
    )
    return Stage(stage.title, stage.change, stage.follows, (*stage.do, last), stage.check, stage.back)


def _name_the_secret(config: CommentedMap) -> None:
    store = config[key_of(config, "objectStore")]
    store.pop("externalSecret", None)  # what it brings goes with it
    store["credentialsSecret"] = FORMER_SECRET


def _move(store: Mapping[str, Value], began: date) -> Edit:
    def edit(config: CommentedMap) -> None:
        here = key_of(config, "objectStore")
        former = CommentedMap(before=quoted_day(began.isoformat()), store=flow(config[here]))
        config[here] = flow(store)
        config.insert(list(config).index(here) + 1, here.replace("objectStore", "formerObjectStore"), former)
        add_period(config, began.isoformat(), "tsdb", "v13")

    return edit


def _end(config: CommentedMap) -> None:
    del config[key_of(config, "formerObjectStore")]

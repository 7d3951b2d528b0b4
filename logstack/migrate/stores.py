"""From one object store to another: new days go to the new store, and Loki reads earlier days from the old one.

Loki finds a line's store by the schema period of its day, so a move begins with a new period. Proven with the
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
    """Plan the stages of a move; return them and the stack after them. Raises StackProblems."""
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
        "Copy the current store's access key into its own Secret",
        before,
        after,
        day=before.today,
        first=(copy,),
        check=(
            "every Loki pod is ready",
            "the canary misses no line",
            f"whoever rotates the key now updates the Secret {FORMER_SECRET}",
        ),
        back="restore objectStore and run `pulumi up`: no line is lost",
    )


def _new_store(store: ObjectStoreSettings) -> Stage:
    bucket = (
        "the stack creates it in the next stage"
        if store.makes_bucket
        else (f"create the empty bucket {store.bucket}, without a lifecycle shorter than the retention")
    )
    rules = store.buckets.get(store.bucket_keys[1])
    bucket += f"; and for rules the bucket {rules}, without a lifecycle" if rules else ""
    key = store.access_key
    secret = (
        f"create the Secret {key.secret} with {key.keys.access_key_id} and {key.keys.secret_access_key}"
        if key.made_by == "secret"
        else (
            "if it has one and no credentialsSecret, run `pulumi config set --secret logstack:accessKeyId` and "
            "`pulumi config set --secret logstack:secretAccessKey` just before the next `pulumi up`"
        )
    )
    return Stage(
        "Prepare the new store",
        (),
        (),
        (f"the bucket: {bucket}", f"the access key: {secret}"),
        ("the access key can list, read, write and delete objects in the bucket",),
        "nothing to do: nothing has changed yet",
    )


def _moved(before: Version, after: Version, began: date) -> Stage:
    rules = "rules from Loki's API and unfinished delete requests stay in the old store: create or send them again"
    return changing(
        f"From {began} (UTC) on, Loki writes to the new store",
        before,
        after,
        day=before.today,
        first=(
            f"finish this stage before {began - timedelta(days=1)} {_LATEST_HOUR}:00 UTC, or run this command again",
            rules,
        ),
        check=(
            "every Loki pod is ready and logs no level=error about a store",
            f"a query finds lines of today: until {began} Loki still writes to the old store",
            "the canary misses no line",
        ),
        back=f"before {began}: restore the stack file and run `pulumi up`; no line is lost. Afterwards: not possible",
    )


def _begun(version: Version, began: date, over: date) -> Stage:
    retention = spoken_duration(version.stack.settings.longest_retention)
    return Stage(
        f"Loki reads both stores from {began} until {over}",
        (),
        (),
        (
            f"wait: the last line of the old store is {retention} old on {over}",
            "do not delete the old store, its access key or its volume",
        ),
        (
            f"on {began} the new bucket has objects under index/ and chunks of this day",
            f"one query finds lines from before and after {began} 00:00 UTC",
            "the compactor works: loki_compactor_apply_retention_last_successful_run_timestamp_seconds increases",
        ),
        f"not possible: lines since {began} are only in the new store. Moving back is another migration",
    )


def _ended(before: Version, after: Version, over: date) -> Stage:
    store = before.stack.settings.former_object_store
    last = "delete the old bucket and its access key"
    if store and store.store.runs_in_stack:
        last = (
            "delete the old S3 server's pod and volume: "
            f"{kubectl(before, 'delete pod loki-s3-0')} and {kubectl(before, 'delete pvc data-loki-s3-0')}"
        )
    elif store and store.store.on_loki_volume:
        last = "leave the volume: it holds the write-ahead log, and the compactor has already deleted its expired lines"
    stage = changing(
        f"After {over}: remove the old store",
        before,
        after,
        day=over + timedelta(days=1),
        check=(
            "every Loki pod is ready",
            f"a query finds lines of the last {spoken_duration(before.stack.settings.longest_retention)}",
        ),
        back="restore formerObjectStore: Loki reads the old bucket again as long as it exists",
    )
    return Stage(stage.title, stage.change, stage.follows, (*stage.do, last), stage.check, stage.back)


def _name_the_secret(config: CommentedMap) -> None:
    store = config[key_of(config, "objectStore")]
    store.pop("externalSecret", None)  # its Secret goes with it
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

"""The former object store: its last day, whether Loki can read it, and when its last line expires."""

from collections.abc import Iterator
from datetime import date

from logstack.settings.checks.check import reads
from logstack.settings.checks.object_store import bucket_location
from logstack.settings.checks.schema import day
from logstack.settings.model.loki import LokiSettings
from logstack.settings.model.quantities import plain_duration
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

PERIOD = Rule(
    "former-store-without-period",
    "each schema period has one store: for a period on both sides of that day, Loki would look "
    "for lines in one of the two stores only",
)
SAME = Rule("former-store-same", "both keys name the same object store, so nothing moves")
KEY = Rule(
    "former-store-without-secret",
    "the Pulumi config has only the current store's access key: no pod could read the older lines",
)
DIRECTORY = Rule(
    "former-store-is-a-volume",
    "the older lines are on the volume of the one monolithic pod: no other pod finds them",
)
MANAGED = Rule(
    "former-store-managed",
    "the bucket would leave the stack, and Pulumi refuses to forget a protected resource",
)
NOT_YET = Rule("former-store-nothing-before", "no line is older than the schema, so Loki would read nothing there")
OVER = Rule(
    "former-store-over",
    "Loki has deleted all lines there: its pods have a key and a connection that nothing uses",
    "warning",
)


@reads("former_object_store", "schema_periods")
def boundary(settings: Settings) -> Iterator[Problem]:
    """Check that one schema period begins on the day of the move, and another one before it."""
    former = settings.former_object_store
    if not former:
        return
    begins = [day(period.start) for period in settings.schema_periods]
    moved = day(former.before)
    if moved is None or moved not in begins:
        what = "no schema period begins on this day"
        fix = f'add a period below the others, and name its day: {{from: "{former.before if moved else "..."}"}}'
        yield PERIOD.problem("formerObjectStore.before", what, fix)
    elif moved == begins[0]:
        what = f"the first schema period begins on {moved}, and so do the lines of objectStore"
        yield NOT_YET.problem("formerObjectStore.before", what, "name the day of a later period, or remove the key")


@reads("deployment_mode", "former_object_store", "object_store", "replicas")
def readable(settings: Settings) -> Iterator[Problem]:
    """Check that the former store differs from the current one, and that Loki's pods can read it."""
    former = settings.former_object_store
    if not former:
        return
    path, store = "formerObjectStore.store", former.store
    if store.kind == settings.object_store.kind and bucket_location(store) == bucket_location(settings.object_store):
        yield SAME.problem(path, "formerObjectStore is the store that objectStore names", "remove formerObjectStore")
    if store.on_loki_volume:
        yield from _one_pod(settings)
    elif store.protects_bucket:
        what = "the former store is a bucket that the stack creates"
        fix = "hand the bucket over first (docs/how-to/deploy-on-aws.md), then write create: false"
        yield MANAGED.problem(f"{path}.create", what, fix)
    elif store.access_key.made_by != "secret":
        what = "the store names no credentialsSecret"
        fix = "put its AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY into a Secret: credentialsSecret: loki-s3-former"
        yield KEY.problem(f"{path}.credentialsSecret", what, fix)


def _one_pod(settings: LokiSettings) -> Iterator[Problem]:
    if settings.deployment_mode != "monolithic" or settings.writers > 1:
        pods = f"{settings.writers} {settings.writer} pods" if settings.writers > 1 else f"a {settings.writer} pod"
        what = f"the former store is filesystem, but {settings.deployment_mode} mode runs {pods}"
        fix = (
            "logstack:deploymentMode: monolithic with logstack:replicas: {monolithic: 1}\n"
            "until the retention of those lines is over"
        )
        yield DIRECTORY.problem("formerObjectStore.store.kind", what, fix)


@reads("former_object_store", "retention", "retention_streams", "tenants")
def needed(settings: Settings, today: date) -> Iterator[Problem]:
    """Check that the former store still has lines; `today` is in UTC."""
    former = settings.former_object_store
    moved = day(former.before) if former else None
    if moved and moved + settings.longest_retention < today:
        longest = plain_duration(settings.longest_retention)
        what = f"the newest lines there are from {moved}, older than the longest retention of {longest}"
        yield OVER.problem("formerObjectStore", what, "remove formerObjectStore; the schema's periods stay")


CHECKS = (boundary, readable)
DATED_CHECKS = (needed,)

"""The way to Loki: batches, retries, and the write-ahead log."""

from logstack.manifests.alloy.syntax import Block, Value
from logstack.manifests.loki.intake import Intake
from logstack.settings.model.access import OWN_USER
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.loki import SINGLE_TENANT
from logstack.settings.model.quantities import kubernetes_size, loki_duration

PASSWORD_FOLDER = "/etc/logstack/gateway"  # noqa: S105 - the name of a folder
PASSWORD_FILE = f"{PASSWORD_FOLDER}/password"


def delivery(collector: CollectorSettings, cluster: ClusterSettings, intake: Intake) -> Block:
    """Return `loki.write`, which adds the label `cluster` to every line."""
    endpoint: dict[str, Value] = {
        "url": intake.push_url,
        "batch_size": f"{kubernetes_size(collector.batch_size)}B",
        "batch_wait": loki_duration(collector.batch_wait),
        "max_backoff_period": loki_duration(collector.max_backoff),
        "max_backoff_retries": collector.max_retries,
    }
    if intake.tenants:
        endpoint["tenant_id"] = SINGLE_TENANT
    external: dict[str, Value] = (
        {"external_labels": {"cluster": cluster.name}} if "cluster" in collector.stream_labels else {}
    )
    blocks = [Block("endpoint", attributes=endpoint, blocks=_password(intake))]
    if collector.write_ahead_log:
        blocks.append(_write_ahead_log(collector))
    return Block(
        "loki.write",
        "default",
        external,
        tuple(blocks),
        comment="Batches and retries (collector.batchSize, batchWait, maxBackoff, maxRetries, writeAheadLog).",
    )


def _password(intake: Intake) -> tuple[Block, ...]:
    """Return the basic auth block; Alloy reads the file for every push, so a new password needs no restart."""
    if not intake.credentials_secret:
        return ()
    return (Block("basic_auth", attributes={"username": OWN_USER, "password_file": PASSWORD_FILE}),)


def _write_ahead_log(collector: CollectorSettings) -> Block:
    # Alloy deletes older segments even if they were not sent: they must outlive all retries of a batch.
    longest = collector.max_retries * collector.max_backoff
    return Block("wal", attributes={"enabled": True, "max_segment_age": loki_duration(longest)})

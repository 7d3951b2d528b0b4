"""What the stores of all clouds but AWS have in common on their way into a stack file."""

from collections.abc import Iterator

from logstack.adopt import credentials
from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.paths import Path, path_of
from logstack.adopt.reading import Reading
from logstack.settings.passthrough.documents import leaves


def client_settings(reading: Reading, config: LokiConfig, client: str) -> Iterator[tuple[Path, object]]:
    """Yield each setting of a client, the strongest first, with its path in the values: Thanos' before Loki's own."""
    thanos = ("storage_config.object_store", "common.storage.object_store", "ruler_storage")
    for section in (*thanos, "storage_config", "common.storage", "ruler.storage"):
        for path, setting in config.settings.items():
            if path[:-1] == path_of(f"{section}.{client}"):
                yield setting.path, setting.value
    for section in ("loki.storage.object_store", "loki.storage"):
        for path, value in leaves(reading.values):
            if path[:-1] == path_of(f"{section}.{client}"):
                yield path, value


def refuse_prefix(reading: Reading, where: str) -> None:
    """Report a prefix of all objects in the bucket or container, which no stack has."""
    if reading.value("loki.storage.object_store.storage_prefix"):
        text = "logstack supports no prefix: Loki would find none of the old lines"
        reading.not_taken("loki.storage.object_store.storage_prefix", text, decide=True)
        reading.side_by_side.append(f"its objects are below a prefix in the {where}")


def report_rest(reading: Reading, client: str, without_effect: tuple[str, ...]) -> None:
    """Report the pods' environment, which has no key of the stack's, and what the chart says beside the client."""
    credentials.secret(reading, has_key=False)
    reading.understood("loki.storage.use_thanos_objstore", "objectStore")
    reading.understood("loki.storage.object_store.type", "objectStore.kind")
    for key in without_effect:
        reading.translated(f"loki.storage.{key}", f"without effect: the store is {client}")

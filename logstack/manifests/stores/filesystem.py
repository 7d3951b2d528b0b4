"""A directory of the monolithic Loki's own volume, in place of an object store."""

from logstack.manifests.stores.access import DATA, StoreAccess
from logstack.manifests.stores.kind import StoreKind

CHUNKS = f"{DATA}/chunks"
RULES = f"{DATA}/rules"


def store_kind() -> StoreKind:
    """Return the record of the store's kind."""
    return StoreKind(
        access=StoreAccess(
            kind="filesystem",
            storage={"chunks_directory": CHUNKS, "rules_directory": RULES},
            rules={"type": "local", "local": {"directory": RULES}},
            former_name="filesystem",
            former_storage={"filesystem": {"directory": CHUNKS}},
            former_thanos={"filesystem": {"dir": CHUNKS}},
        ),
        location="the volume of the only Loki pod",
        label="a directory of Loki's volume",
    )

"""What a stack passes on, value by value: for the checks, the plan, and whoever compares it with logstack's own."""

from collections.abc import Iterator, Mapping, Sequence

Path = tuple[str, ...]

# Lists that have entries of logstack's in the charts' values: what a stack passes on comes behind these. All other
# lists are replaced.
JOINED: Mapping[str, frozenset[Path]] = {
    "loki": frozenset(("defaults", key) for key in ("extraEnv", "extraEnvFrom", "extraVolumes", "extraVolumeMounts")),
    "alloy": frozenset(
        (
            ("alloy", "extraEnv"),
            ("alloy", "extraPorts"),
            ("alloy", "mounts", "extra"),
            ("controller", "volumes", "extra"),
            ("rbac", "rules"),
            ("rbac", "clusterRules"),
        )
    ),
}


def leaves(document: object, joined: frozenset[Path] = frozenset(), above: Path = ()) -> Iterator[tuple[Path, object]]:
    """Yield every value that is no group with its path; an empty group and a list are values.

    Of a list that is joined each entry is a value: its part of the path is its `name`, or its number, behind an @.
    """
    if isinstance(document, Mapping) and document:
        for key, value in document.items():
            yield from leaves(value, joined, (*above, str(key)))
    elif above in joined and isinstance(document, Sequence) and not isinstance(document, str):
        yield from (((*above, f"@{_name(entry, number)}"), entry) for number, entry in enumerate(document))
    elif above:
        yield above, document


def _name(entry: object, number: int) -> str:
    return str(entry["name"]) if isinstance(entry, Mapping) and "name" in entry else str(number)


def spelled(path: Path) -> str:
    """Return a path as people write it: `limits_config.max_query_series`, `alloy.mounts.extra[certs]`."""
    return "".join(f"[{part[1:]}]" if part.startswith("@") else f".{part}" for part in path).removeprefix(".")

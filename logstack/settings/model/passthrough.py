"""What goes past logstack's own keys: to Loki, to Alloy and to their charts."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import JsonValue, WithJsonSchema

from logstack.settings.model.base import Group
from logstack.settings.model.bounds import AlloyText


def group_of(words: str) -> WithJsonSchema:
    """Return the schema of a group whose keys are not logstack's, with the words for what it takes."""
    return WithJsonSchema({"type": "object", "patternErrorMessage": f"must be a group of {words}"})


class LokiPassthrough(Group):
    """What Loki and its chart get beyond logstack's own keys, outside of logstack's promises: see
    docs/how-to/pass-settings-through.md."""

    config: Annotated[Mapping[str, JsonValue], group_of("keys as loki.yaml has them")] = {}
    """Keys of loki.yaml, merged over logstack's: groups are merged, lists replaced."""
    values: Annotated[Mapping[str, JsonValue], group_of("values as the chart has them")] = {}
    """Values of the Loki chart, merged over logstack's in the same way."""


class AlloyPassthrough(Group):
    """What the collectors and their chart get beyond logstack's own keys, outside of logstack's promises: see
    docs/how-to/pass-settings-through.md."""

    config: AlloyText | None = None
    """Blocks behind logstack's in config.alloy of the nodes' collectors. They forward lines to
    loki.process.lines.receiver, which treats them like all lines, or to loki.write.default.receiver, which sends them
    as they are."""
    values: Annotated[Mapping[str, JsonValue], group_of("values as the chart has them")] = {}
    """Values of the Alloy chart, merged over logstack's, for the nodes' collectors and the one for events."""

"""Edits of stack files that keep comments, and every line that the edit does not touch."""

from collections.abc import Callable, Mapping
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from logstack.settings.load.stack_file import PROJECT
from logstack.settings.model.loki import SchemaPeriod

Edit = Callable[[CommentedMap], None]
"""Changes what stands under `config:`."""
_PERIODS = "schemaPeriods"
# No line is folded that is not folded already.
_WIDTH = 10_000


def edited(text: str, edit: Edit) -> str:
    """The file's text after an edit."""
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = _WIDTH, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    tree = yaml.load(text)
    edit(tree["config"])
    output = StringIO()
    yaml.dump(tree, output)
    return output.getvalue()


def key_of(config: CommentedMap, key: str) -> str:
    """A key as this file writes it: with the project's name before it, or without."""
    return key if key in config else f"{PROJECT}:{key}"


def flow(group: Mapping[str, object]) -> CommentedMap:
    """A group in braces, on one line."""
    mapping = CommentedMap(group)
    mapping.fa.set_flow_style()
    return mapping


def quoted_day(day: str) -> str:
    """A day, in quotes: YAML takes it for a time without them."""
    quoted: str = DoubleQuotedScalarString(day)
    return quoted


def add_period(config: CommentedMap, begin: str, store: str, schema: str) -> None:
    """A schema period below the others; where the file has none, the default one comes first."""
    key = key_of(config, _PERIODS)
    if not config.get(key):
        config[key] = CommentedSeq([_period(SchemaPeriod().start, "tsdb", "v13")])
    config[key].append(_period(begin, store, schema))


def _period(begin: str, store: str, schema: str) -> CommentedMap:
    return flow({"from": quoted_day(begin), "store": store, "schema": schema})

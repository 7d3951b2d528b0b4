"""The stack file's schema, and messages for what its validator refuses.

Messages take everything about a key from its schema: the nearest known key, what the key takes, what it is for. They
show a value only where the key takes a number, a quantity or one of a few words: any other value may be a secret.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from logstack.settings.load.source import SECRET_IN_CLEAR, SECRETS, how_to_encrypt
from logstack.settings.load.stack_file import PROJECT, Value
from logstack.settings.model.bounds import RANGES
from logstack.settings.model.ranges import ABOVE, BELOW, NO_UNIT
from logstack.settings.model.stack_file import StackFile
from logstack.settings.problems import Problem, Rule, listed, nearest

Node = dict[str, object]
Location = Sequence[str | int]

# The validator's word for the name of a mapping's entry, after the name itself.
_NAME = "[key]"
# The longest value that a message repeats where the value is known to be a number or a quantity.
_LONGEST_SHOWN = 24
# A whole number as the engine hands it over; no other text is one.
_WHOLE_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,308})")
# The example in what a key takes.
_EXAMPLE = re.compile(r"such as (\S+)")
_YES, _NO = ("true", "yes", "on", "y", "1"), ("false", "no", "off", "n", "0")
# Types whose values are no secrets.
_SHORT = ("integer", "number", "boolean")

SCALARS = {
    field.alias or name: field.annotation
    for name, field in StackFile.model_fields.items()
    if field.annotation in (int, bool)
}
"""The top-level keys that take a number or a boolean. The schema says the same, but it takes 50 ms to make."""

UNKNOWN_KEY = Rule("unknown-key", "")
MISSING_KEY = Rule("missing-key", "")
WRONG_VALUE = Rule("wrong-value", "")


@cache
def schema() -> Node:
    """Return the JSON schema of a stack file; defaults of quantities are as people write them."""
    return StackFile.model_json_schema(mode="serialization")


def resolved(node: Node) -> Node:
    """Return the node that a reference or an optional value stands for."""
    options = [option for option in _nodes(node.get("anyOf")) if option != {"type": "null"}]
    if len(options) == 1:
        return resolved(options[0])
    if isinstance(reference := node.get("$ref"), str):
        return resolved(child(child(schema(), "$defs"), reference.rsplit("/", 1)[-1]))
    return node


def child(node: Node, key: str) -> Node:
    """Return a node within a node; empty if there is none."""
    return cast("Node", node.get(key, {}))


def _nodes(value: object) -> list[Node]:
    return cast("list[Node]", value or [])


def variants(node: Node) -> dict[str, Node]:
    """Return the groups that a `kind` chooses from, by kind; empty for a group without kinds."""
    mapping = cast("Mapping[str, str]", child(child(node, "discriminator"), "mapping"))
    return {kind: resolved({"$ref": reference}) for kind, reference in mapping.items()}


def entry(node: Node) -> Node:
    """Return what each entry of a list takes, or each value of a mapping; empty for anything else."""
    by_name = next(iter(_nodes(list(child(node, "patternProperties").values()))), node.get("additionalProperties"))
    return resolved(child(node, "items") or (cast("Node", by_name) if isinstance(by_name, dict) else {}))


@cache
def keys() -> tuple[tuple[str, str], ...]:
    """Return every key of a stack file as (path, kind of its group or empty); keys of entries as `tenants[].name`."""
    return tuple(_keys("", schema()))


def _keys(prefix: str, node: Node) -> Iterator[tuple[str, str]]:
    parent = resolved(node)
    for kind, group in (variants(parent) or {"": parent}).items():
        for name, inner in child(group, "properties").items():
            path = f"{prefix}{name}"
            yield path, kind
            yield from _keys(f"{path}.", cast("Node", inner))
            if each := entry(resolved(cast("Node", inner))):
                yield from _keys(f"{path}[].", each)


def typed(raw: Mapping[str, Value]) -> dict[str, Value]:
    """Return a stack's keys with top-level numbers and booleans typed: the engine hands them over as text."""
    return {key: _typed(value, SCALARS.get(key)) for key, value in raw.items()}


def _typed(value: Value, type_: object) -> Value:
    if type_ is bool and value in ("true", "false"):
        return value == "true"
    if type_ is int and isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        return int(value)
    return value


def translated(error: ValidationError) -> list[Problem]:
    """Return the validator's errors as problems."""
    return [_problem(details) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails) -> Problem:
    *above, last = details["loc"]
    match details["type"]:
        case "extra_forbidden":
            return _unknown(above, str(last))
        case "missing":
            return _missing(details["loc"])
        case "union_tag_not_found":
            return _missing((*details["loc"], "kind"))
        case "union_tag_invalid":
            return _wrong((*details["loc"], "kind"), details["ctx"]["tag"])
    return _refused(details)


def _refused(details: ErrorDetails) -> Problem:
    """Refuse a value by its length, its size, its unit or its form."""
    location, value = details["loc"], details["input"]
    match details["type"]:
        case "string_too_long":
            return _too_long(location, value, details["ctx"]["max_length"])
        case type_ if type_ in (ABOVE, BELOW):
            return _out_of_range(location, value, is_above=type_ == ABOVE)
        case type_ if type_ == NO_UNIT:
            return _without_unit(location, value)
    return _wrong(location, value)


def path_of(location: Location) -> str:
    """Return the path of a key, such as `schemaPeriods[1].from`, without the kinds that the validator adds."""
    text = ""
    node = schema()
    for piece in location:
        if piece not in variants(node) and piece != _NAME:
            text += f"[{piece}]" if isinstance(piece, int) else f".{piece}"
        node = _step(node, piece)
    return text.lstrip(".")


def _step(node: Node, piece: str | int) -> Node:
    kinds = variants(node)
    if piece == "kind" and kinds:
        return {"enum": _kinds(node)}
    if piece in kinds:
        return kinds[str(piece)]
    return resolved(child(child(node, "properties"), str(piece))) or entry(node)


def _node(location: Location) -> Node:
    node = schema()
    for piece in location:
        node = _step(node, piece)
    return node


def takes_text(location: Location) -> bool:
    """Return whether a key of the stack file takes text, in any kind of its groups."""
    nodes = [schema()]
    for piece in location:
        nodes = [_step(group, piece) for node in nodes for group in (variants(node).values() or (node,))]
    return any(node.get("type") == "string" and "format" not in node for node in nodes)


def _unknown(above: Location, key: str) -> Problem:
    """Refuse an unknown key: a misspelling, a key of another group or kind, a secret, or nothing known."""
    prefix = f"{path_of(above)}." if above else ""
    if key in SECRETS:
        return SECRET_IN_CLEAR.problem(prefix + key, f"{key} is in clear text", how_to_encrypt(key))
    here = child(_node(above), "properties")
    elsewhere = [(path, kind) for path, kind in keys() if path.split(".")[-1] == key]
    if kinds := [kind for path, kind in elsewhere if kind and path == prefix + key]:
        fix = f"remove {key}, or write kind: {listed(kinds)}"
        return UNKNOWN_KEY.problem(prefix + key, f'"{key}" is a key of kind {listed(kinds)} only', fix)
    if similar := nearest(key, here):
        fix = f"did you mean {similar}?"
    elif elsewhere:
        fix = f"did you mean {listed(list(dict.fromkeys(f'logstack:{path}' for path, _ in elsewhere)))}?"
    else:
        fix = f"remove {key}; the known keys are {listed(sorted(here), 'and')}"
    return UNKNOWN_KEY.problem(prefix + key, f'unknown key "{key}"', fix)


def _missing(location: Location) -> Problem:
    node, key = _node(location), location[-1]
    described = node | child(child(_node(location[:-1]), "properties"), str(key))
    purpose = f": {_phrase(str(described['description']))}" if "description" in described else ""
    fix = f"add {_line(location, _template(node))}"
    return MISSING_KEY.problem(path_of(location), f'missing key "{key}"{purpose}', fix)


def _phrase(text: str) -> str:
    """Return the first sentence of a description, to follow a colon."""
    first, _, rest = " ".join(text.split()).split(". ")[0].rstrip(".").partition(" ")
    return f"{first.lower() if first.istitle() else first} {rest}"


def _template(node: Node) -> str:
    """Return what to write for a key, with all keys that it requires."""
    if variants(node):
        return f"{{kind: ...}} ({listed(_kinds(node))})"
    if required := cast("list[str]", node.get("required")):
        return f"{{{', '.join(f'{key}: ...' for key in required)}}}"
    return f"... ({taken(node)})"


def _wrong(location: Location, value: object) -> Problem:
    *above, key = location
    if key == _NAME and (names := child(_node(above[:-1]), "propertyNames")):
        return WRONG_VALUE.problem(
            path_of(above), f'invalid name "{above[-1]}": must be {taken(names)}', "correct the name"
        )
    node = _node(location)
    what = f"{key} must be {taken(node)}"
    if isinstance(key, int):
        what = f"each entry of {location[-2]} must be {taken(node)}"
    is_exact = "range" in node or node.get("type") == "boolean"
    if value is None:
        what = f"{key} has no value: it must be {taken(node)}"
    elif _may_be_shown(node, value):
        what = f"invalid value {_quoted(node, value)}: {what}"
    if similar := nearest(str(value), _words(node)):
        fix = f"did you mean {similar if isinstance(key, int) else _line(location, similar)}?"
    elif is_exact:
        fix = _line(location, _instead(location, node, value))
    elif node.get("type") == "string" and "format" not in node and isinstance(value, int | float):
        fix = f'put it in quotes: {key}: "..."'
    else:
        default = _default(location)
        fix = (_corrected(location, node) if "default is" not in default else "correct the value") + default
    return WRONG_VALUE.problem(path_of(location), what, fix)


def _corrected(location: Location, node: Node) -> str:
    """Return a line with the example that the schema names, if it names one."""
    example = _EXAMPLE.search(taken(node))
    has_key = isinstance(location[-1], str)
    return f"correct the value, such as {_line(location, example[1])}" if example and has_key else "correct the value"


def _out_of_range(location: Location, value: object, *, is_above: bool) -> Problem:
    """Refuse an implausible quantity or number; the message names the bound."""
    node, key = _node(location), str(location[-1])
    range_ = child(node, "range")
    bound = f"at most {range_['to']}" if is_above else f"at least {range_['from']}"
    if is_above and "exclusiveMaximum" in node:
        bound = f"below {range_['to']}"
    quoted_value = _shown(value)
    if str(node["patternErrorMessage"]).startswith("must be a duration"):
        what = f"{key} is too {'long' if is_above else 'short'}: {quoted_value} ({bound})"
    else:
        size = "large" if is_above else "small"
        what = f'"{quoted_value}" is too {size} for {path_of(location)}: {bound}'
    fix = _line(location, _instead(location, node, value, bound=str(range_["to" if is_above else "from"])))
    return replace(WRONG_VALUE.problem(path_of(location), what, fix), consequence=str(range_["reason"]))


def _without_unit(location: Location, value: object) -> Problem:
    node = _node(location)
    what = f'"{_shown(value)}" has no unit: {location[-1]} must be {taken(node)}'
    fix = _line(location, _instead(location, node, value))
    return WRONG_VALUE.problem(path_of(location), what, fix)


def _too_long(location: Location, value: object, longest: int) -> Problem:
    """Refuse a text longer than Kubernetes, S3 or Loki takes, without repeating it."""
    *above, key = location
    if key == _NAME:
        what, key = f"a name in {above[-2]} is too long", "the name"
        location = above[:-1]
    else:
        what = f"{key} is too long" if isinstance(key, str) else f"an entry of {location[-2]} is too long"
    what = f"{what}: {len(str(value)):,} characters (at most {longest:,})"
    return WRONG_VALUE.problem(path_of(location), what, f"shorten {key} to {longest:,} characters")


def _line(location: Location, value: str) -> str:
    """A line of the stack file to paste."""
    prefix = f"{PROJECT}:" if len(location) == 1 else ""
    return f"{prefix}{location[-1]}: {value}"


def _instead(location: Location, node: Node, value: object, bound: str = "") -> str:
    """Return what was probably meant, else the default, else the bound that was passed."""
    text = str(value).strip()
    default = child(child(_node(location[:-1]), "properties"), str(location[-1])).get("default")
    if node.get("type") == "boolean":
        return "true" if text.lower() in _YES else "false" if text.lower() in _NO else str(bool(default)).lower()
    range_ = RANGES[str(child(node, "range")["of"])]
    for correction in range_.corrections(text):
        if range_.takes(correction):
            return correction
    if default is not None:
        return str(default)
    return bound or next(filter(range_.takes, range_.examples), range_.least)


def _shown(value: object) -> str:
    """Return a value that is known to be a number or a quantity; of a long one only its beginning and length."""
    text = str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:8]}... ({len(text)} characters)"


def _quoted(node: Node, value: object) -> str:
    """Return a value in quotes, marked as text where the key takes a number or a boolean."""
    if isinstance(value, str) and node.get("type") in _SHORT:
        return f'"{value}" (text)'
    return f'"{str(value).lower() if isinstance(value, bool) else value}"'


def _default(location: Location) -> str:
    """Return what happens without the key, if it may be left out."""
    key, parent = str(location[-1]), _node(location[:-1])
    property_ = child(child(parent, "properties"), key)
    if not property_ or key in cast("list[str]", parent.get("required", [])):
        return ""
    default = property_.get("default")
    is_short = isinstance(default, str | int | float) and not isinstance(default, bool)
    return f", or remove the line: the default is {default}" if is_short else ", or remove the line"


def _words(node: Node) -> list[str]:
    return [str(word) for word in cast("list[object]", node.get("enum", []))]


def _kinds(node: Node) -> list[str]:
    return list(variants(node))


def _may_be_shown(node: Node, value: object) -> bool:
    """Whether the key takes a number, a quantity or one of a few words, and the value is as short as these are."""
    few = bool(_words(node)) or node.get("type") in _SHORT or node.get("format") == "quantity"
    return few and isinstance(value, str | int | float) and len(str(value)) <= len("simple-scalable")


def taken(node: Node) -> str:
    """Return what a key takes, in words that follow `must be`."""
    if message := node.get("patternErrorMessage"):
        return str(message).removeprefix("must be ")
    if words := _words(node):
        return listed(words)
    if kinds := _kinds(node):
        return f"a group with a kind of {listed(kinds)}"
    if node["type"] == "object":
        keys_here = list(child(node, "properties"))
        return f"a group with the keys {listed(keys_here, 'and')}" if keys_here else "names with a text each"
    return {"array": "a list", "boolean": "true or false", "string": "text"}[str(node["type"])]

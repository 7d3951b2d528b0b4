"""Alloy's configuration language: blocks and attributes, written as `alloy fmt` leaves them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Expression:
    """Text that Alloy evaluates: a reference such as `loki.write.default.receiver`, or a call."""

    text: str


# Objects hold no objects: `alloy fmt` aligns an object inside an object in a way of its own.
Value: TypeAlias = "str | bool | int | float | Expression | Sequence[Value] | Mapping[str, str | Expression]"


@dataclass(frozen=True)
class Block:
    """`name "label" { ... }`: a comment above it, its attributes, then its blocks."""

    name: str
    label: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict)
    blocks: tuple["Block", ...] = ()
    comment: str = ""


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(text: str) -> str:
    """A string literal; control characters as \\u escapes, as in Go."""
    if text.isprintable():  # nearly every text; a regular expression of the redaction has thousands of characters
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else _escaped(c)) for c in text) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - the last code of \u


def literal(value: Value) -> str:
    """A value on one line."""
    match value:
        case Expression(text):
            return text
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return quoted(value)
        case Mapping():
            return "{" + ", ".join(f"{quoted(key)} = {literal(item)}" for key, item in value.items()) + "}"
        case _:
            return "[" + ", ".join(literal(item) for item in value) + "]"


def document(blocks: Sequence[Block]) -> str:
    """A whole configuration file."""
    return "\n".join("\n".join(_lines(block)) + "\n" for block in blocks)


def _lines(block: Block) -> Iterator[str]:
    yield from (f"// {line}" for line in block.comment.splitlines())
    head = block.name + (f" {quoted(block.label)}" if block.label else "")
    if not block.attributes and not block.blocks:
        yield f"{head} {{ }}"
        return
    yield f"{head} {{"
    width = max((len(key) for key in block.attributes), default=0)
    for key, value in block.attributes.items():
        yield f"\t{key:<{width}} = {literal(value)}"
    for index, inner in enumerate(block.blocks):
        if index or block.attributes:
            yield ""
        yield from (f"\t{line}" if line else "" for line in _lines(inner))
    yield "}"

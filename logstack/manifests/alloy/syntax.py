"""Alloy's configuration language: blocks and attributes, formatted as by `alloy fmt`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Expression:
    """Text that Alloy evaluates: a reference such as `loki.write.default.receiver`, or a function call."""

    text: str


@dataclass(frozen=True)
class Part:
    """A part of a long text, with a comment above it."""

    text: str
    comment: str = ""


@dataclass(frozen=True)
class Joined:
    """A long text as a list of its parts, one a line, which Alloy joins."""

    parts: tuple[Part, ...]
    separator: str


# No objects within objects: `alloy fmt` aligns these differently.
Value: TypeAlias = "str | bool | int | float | Expression | Joined | Sequence[Value] | Mapping[str, str | Expression]"


@dataclass(frozen=True)
class Block:
    """`name "label" { ... }`, with a comment above it; attributes come before inner blocks."""

    name: str
    label: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict)
    blocks: tuple["Block", ...] = ()
    comment: str = ""


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(text: str) -> str:
    """Return a string literal, with control characters as Go's \\u escapes."""
    if text.isprintable():  # nearly every text; a redaction pattern has thousands of characters
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else _escaped(c)) for c in text) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - the last code point of \u


def raw(text: str) -> str:
    """Return a string literal, between backticks if that saves escapes."""
    is_plain = text.isprintable() and "`" not in text
    return f"`{text}`" if is_plain and ("\\" in text or '"' in text) else quoted(text)


def literal(value: Value) -> str:  # noqa: PLR0911 - one for each kind of value
    """Return a value on one line; a joined text has a line for each of its parts."""
    match value:
        case Expression(text):
            return text
        case Joined(parts, separator):
            return "\n".join(["string.join([", *_part_lines(parts), f"], {quoted(separator)})"])
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


def _part_lines(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        yield from (f"\t// {line}" for line in part.comment.splitlines())
        yield f"\t{raw(part.text)},"


def document(blocks: Sequence[Block]) -> str:
    """Return the text of a configuration file."""
    return "\n".join("\n".join(_lines(block)) + "\n" for block in blocks)


def _lines(block: Block) -> Iterator[str]:
    yield from (f"// {line}" for line in block.comment.splitlines())
    head = block.name + (f" {quoted(block.label)}" if block.label else "")
    if not block.attributes and not block.blocks:
        yield f"{head} {{ }}"
        return
    yield f"{head} {{"
    # `alloy fmt` does not align a block with a value of several lines.
    is_aligned = not any(isinstance(value, Joined) for value in block.attributes.values())
    width = max((len(key) for key in block.attributes), default=0) if is_aligned else 0
    for key, value in block.attributes.items():
        yield from (f"\t{line}" for line in f"{key:<{width}} = {literal(value)}".split("\n"))
    for index, inner in enumerate(block.blocks):
        if index or block.attributes:
            yield ""
        yield from (f"\t{line}" if line else "" for line in _lines(inner))
    yield "}"

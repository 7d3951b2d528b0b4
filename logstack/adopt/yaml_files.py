"""YAML as Helm reads it: 1.1, several documents a file, dates as text."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from logstack.adopt.errors import UnreadableError

Document = dict[str, object]
# The line that `helm get values` prints before the values.
_HEADERS = ("USER-SUPPLIED VALUES", "COMPUTED VALUES")


class _Loader(yaml.SafeLoader):
    """Without dates: a day stays the text that Loki reads."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _unknown_tag(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_multi_constructor("!", _unknown_tag)


def read_text(path: Path) -> str:
    """A file's text; raises UnreadableError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UnreadableError(f"cannot read {path}: {reason}") from None


def read_documents(path: Path) -> list[Document]:
    """The documents of a file that are groups; raises UnreadableError for a file that is none or no YAML."""
    return [_without_header(each) for each in parse(read_text(path), str(path)) if isinstance(each, dict)]


def parse(text: str, name: str) -> list[object]:
    """The documents of a text; raises UnreadableError, which repeats nothing of the text."""
    try:
        return [_text_keys(each) for each in yaml.load_all(text, Loader=_Loader)]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        hint = "; it looks like a template: render it first" if "{{" in text else ""
        raise UnreadableError(f"{name}{where} is not valid YAML{hint}") from None


def _text_keys(value: object) -> object:
    if isinstance(value, Mapping):
        return {_key(key): _text_keys(item) for key, item in value.items()}
    return [_text_keys(item) for item in value] if isinstance(value, list) else value


def _key(key: object) -> str:
    """YAML 1.1 reads the keys on, off, yes and no as switches."""
    return str(key).lower() if isinstance(key, bool) or key is None else str(key)


def _without_header(document: Document) -> Document:
    return {key: value for key, value in document.items() if not (key in _HEADERS and value is None)}

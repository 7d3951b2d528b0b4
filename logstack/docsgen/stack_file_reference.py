"""docs/reference/stack-file.md: every key of a stack file and every problem, taken from the tree and its checks."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import cast

from logstack.settings import checks
from logstack.settings.checks import acknowledgements
from logstack.settings.load import credentials, source, stack_file, translation
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.load.translation import Node, child, entry, resolved, schema, taken, variants
from logstack.settings.model.bounds import RANGES
from logstack.settings.model.quantities import kubernetes_cpu, kubernetes_size
from logstack.settings.model.ranges import Range, ShareRange
from logstack.settings.model.sizes import SIZES, SizeName
from logstack.settings.problems import Rule

_PIPE = r"\|"
_INTRODUCTION = f"""\
# The stack file

Generated from `logstack/settings` by `make docs`.

A stack is a file `Pulumi.<stack>.yaml`; under `config:` it says what differs from the defaults, each key with
`{PROJECT}:` before it. Keys of other projects and of providers may stand beside them.

- A duration is a number and a unit, or several: `90s`, `30m`, `12h`, `7d`, `2w`, `1d12h`.
- A size is a number and a unit: `Ki`, `Mi`, `Gi`, `Ti` are powers of 1024, `KB`, `MB`, `GB`, `TB` powers of 1000. A
  number without a unit is refused.
- CPU is a number of cores (`2`, `0.5`) or of thousandths (`500m`).
- A boolean is `true` or `false`, and a whole number is digits; neither is written in quotes.
- Each number and each quantity has a [range](#ranges).
- `{{a,b}}.key` is a key of the groups `a` and `b` each.
"""
_SECRETS = f"""\
## Secrets

The access key of an `embedded` or `s3-compatible` store that names no `credentialsSecret`. Pulumi encrypts both halves;
nothing else in the file may be encrypted.

```sh
{chr(10).join(f"pulumi config set --secret {PROJECT}:{key}" for key in source.SECRETS)}
```
"""
_PROBLEMS = f"""\
## Problems

An error stops the stack before anything is registered. A warning is accepted by its name:

```yaml
{PROJECT}:acknowledge: [simple-scalable-ends-with-loki-4]
```

| name | severity | what would happen |
|---|---|---|
"""


def reference() -> str:
    """Return the page."""
    problems = _PROBLEMS + "".join(map(_rule_row, all_rules()))
    return "\n".join([_INTRODUCTION, *_tables(), _SECRETS, _sizes(), _ranges(), problems])


def all_rules() -> list[Rule]:
    """Return every rule: first those of reading a stack file, then the checks."""
    modules = (stack_file, source, translation, credentials, acknowledgements)
    reading = [rule for module in modules for rule in vars(module).values() if isinstance(rule, Rule)]
    return list(dict.fromkeys([*reading, *checks.rules().values()]))


def meaning(node: Node) -> str:
    """Return the description of a key in one line."""
    return " ".join(str((resolved(node) | node).get("description", "")).split())


def _tables() -> Iterator[str]:
    """Yield a table for the top keys, one for each group, and one for the entries of each list of groups."""
    top = _properties(schema())
    groups = {key: node for key, node in top.items() if _is_group(_group(node))}
    yield _table("Keys", "", [_row(f"{PROJECT}:{key}", schema(), key) for key in top if key not in groups])
    for key, node in groups.items():
        yield from _tables_of(f"{PROJECT}:{key}", node)


def _tables_of(title: str, node: Node) -> Iterator[str]:
    group = _group(node)
    each = [meaning(group), "Each entry:"] if _is_list_of_groups(node) else []
    yield _table(title, " ".join([meaning(node), *each]), list(_rows("", group, title=title)))
    for path, inner in _lists(group):
        if _titles()[_entry_id(inner)] == f"{title}.{path}":
            yield from _tables_of(f"{title}.{path}", inner)


@cache
def _titles() -> Mapping[str, str]:
    """Return the title of the table of each kind of entry: what has several places has its table at the first."""
    titles: dict[str, str] = {}
    for key, node in _properties(schema()).items():
        for title, inner in _titled_lists(f"{PROJECT}:{key}", node):
            titles.setdefault(_entry_id(inner), title)
    return titles


def _titled_lists(title: str, node: Node) -> Iterator[tuple[str, Node]]:
    if _is_list_of_groups(node):
        yield title, node
    for path, inner in _lists(_group(node)):
        yield from _titled_lists(f"{title}.{path}", inner)


def _entry_id(node: Node) -> str:
    return json.dumps(child(resolved(node), "items"))


def _lists(group: Node) -> Iterator[tuple[str, Node]]:
    """Yield the lists of groups within a group and its groups, with their paths."""
    for variant in variants(group).values() or (group,):
        for key, node in _properties(variant).items():
            if _is_list_of_groups(node):
                yield key, node
            else:
                yield from ((f"{key}.{path}", inner) for path, inner in _lists(resolved(node)))


def _is_group(node: Node) -> bool:
    return bool(_properties(node) or variants(node))


def _is_list_of_groups(node: Node) -> bool:
    return _is_group(entry(resolved(node)))


def _properties(node: Node) -> dict[str, Node]:
    return cast("dict[str, Node]", child(node, "properties"))


def _group(node: Node) -> Node:
    """Return the group that a key takes, once or as the entries of a list."""
    return entry(resolved(node)) or resolved(node)


def _table(title: str, intro: str, rows: list[str]) -> str:
    head = ["| key | takes | default | meaning |", "|---|---|---|---|"]
    return "\n".join([f"## {title}", "", *([intro, ""] if intro else []), *head, *rows, ""])


def _rows(prefix: str, group: Node, kind: str = "", *, title: str) -> Iterator[str]:
    kinds = variants(group)
    if kinds:
        meanings = " ".join(f"`{name}`: {meaning(variant)}" for name, variant in kinds.items())
        yield f"| `{prefix}kind` | one of those | required | {meanings} |"
    for name, variant in (kinds or {kind: group}).items():
        for same in _alike(variant, [key for key in _properties(variant) if not (kinds and key == "kind")]):
            inner = resolved(_properties(variant)[same[0]])
            if "properties" in inner:
                label = f"{prefix}{{{','.join(same)}}}" if len(same) > 1 else prefix + same[0]
                yield _line(label, name, "a group", "", meaning(_properties(variant)[same[0]]))
                yield from _rows(f"{label}.", inner, name, title=title)
            elif _is_list_of_groups(inner):
                table = re.sub("[:.]", "", _titles()[_entry_id(inner)].lower())
                yield _row(prefix + same[0], variant, same[0], name, takes=f"list of groups: [its keys](#{table})")
            else:
                yield from (_row(prefix + key, variant, key, name) for key in same)


def _alike(group: Node, keys: list[str]) -> Iterator[list[str]]:
    """Yield the keys; neighbours of the same type together."""
    for _, run in groupby(keys, lambda key: resolved(_properties(group)[key])):
        yield list(run)


def _row(label: str, group: Node, key: str, kind: str = "", *, takes: str = "") -> str:
    node = _properties(group)[key]
    required = key in cast("list[str]", group.get("required", []))
    default = "required" if required else _shown(node.get("default"))
    return _line(label, kind, takes or _takes(node), default, meaning(node))


def _line(label: str, kind: str, *columns: str) -> str:
    cells = [f"`{label}`" + (f" ({kind})" if kind else ""), *columns]
    return f"| {' | '.join(cell.replace('|', _PIPE) for cell in cells)} |"


def _takes(node: Node) -> str:
    value = resolved(node)
    if value.get("type") == "array":
        return f"list of: {taken(entry(value))}"
    words = taken(value)
    return words.split(":")[0] if value.get("format") == "quantity" else words


def _shown(default: object) -> str:
    if default is None:
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _sizes() -> str:
    rows = [
        f"| {part} | {' | '.join(_size_cell(size, part) for size in SIZES)} |" for part in next(iter(SIZES.values()))
    ]
    head = [f"| part | {' | '.join(SIZES)} |", "|---" * (len(SIZES) + 1) + "|"]
    return "\n".join(["## Sizes", "", "What one pod asks for, by `size`: CPU, memory, volume.", "", *head, *rows, ""])


def _ranges() -> str:
    """Return the range of every number and quantity, with its reason."""
    head = ["| what | from | to | because |", "|---|---|---|---|"]
    rows = [f"| {each.of} | {_least(each)} | {_most(each)} | {each.reason} |" for each in RANGES.values()]
    return "\n".join(["## Ranges", "", "A value outside its range is an error.", "", *head, *rows, ""])


def _least(range_: Range) -> str:
    return f"`{range_.least}`" + (" or 0" if range_.or_nothing else "")


def _most(range_: Range) -> str:
    return f"below `{range_.most}`" if isinstance(range_, ShareRange) else f"`{range_.most}`"


def _size_cell(size: SizeName, part: str) -> str:
    row = SIZES[size][part]
    volume = [kubernetes_size(row.disk)] if row.disk else []
    return ", ".join([kubernetes_cpu(row.cpu), kubernetes_size(row.memory), *volume])


# For rules whose messages say all: a value or a key that is wrong by itself.
_REFUSED = "logstack refuses the stack file"


def _rule_row(rule: Rule) -> str:
    return f"| `{rule.name}` | {rule.severity} | {rule.consequence or _REFUSED} |\n"

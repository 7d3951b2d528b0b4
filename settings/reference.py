"""docs/stack-file.md: every key of a stack file and every problem, taken from the tree and its checks."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import cast

from settings import checks, credentials, source, stack_file, translation
from settings.checks import acknowledgements
from settings.problems import Rule
from settings.quantities import kubernetes_cpu, kubernetes_size
from settings.sizes import SIZES, SizeName
from settings.stack_file import PROJECT
from settings.translation import Node, child, resolved, schema, taken, variants

_PIPE = r"\|"
_INTRODUCTION = f"""\
# The stack file

Generated from `settings/` by `python -m settings.schema`.

A stack is a file `Pulumi.<stack>.yaml`; under `config:` it says what differs from the defaults, each key with
`{PROJECT}:` before it. Keys of other projects and of providers may stand beside them.

- A duration is a number and a unit, or several: `90s`, `30m`, `12h`, `7d`, `2w`, `1d12h`.
- A size is a number and a unit: `Ki`, `Mi`, `Gi`, `Ti` are powers of 1024, `KB`, `MB`, `GB`, `TB` powers of 1000.
- CPU is a number of cores (`2`, `0.5`) or of thousandths (`500m`).
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
    """The page."""
    return "\n".join([_INTRODUCTION, *_tables(), _SECRETS, _sizes(), _PROBLEMS + "".join(map(_rule_row, all_rules()))])


def all_rules() -> list[Rule]:
    """Every rule there is: of reading a stack file first, then of the checks."""
    modules = (stack_file, source, translation, credentials, acknowledgements)
    reading = [rule for module in modules for rule in vars(module).values() if isinstance(rule, Rule)]
    return list(dict.fromkeys([*reading, *checks.rules().values()]))


def meaning(node: Node) -> str:
    """What a key is for, in one line."""
    return " ".join(str((resolved(node) | node).get("description", "")).split())


def _tables() -> Iterator[str]:
    """One table for the keys at the top, and one for each group."""
    top = _properties(schema())
    groups = {key: group for key, node in top.items() if "properties" in (group := _group(node)) or variants(group)}
    yield _table("Keys", "", [_row(f"{PROJECT}:{key}", schema(), key) for key in top if key not in groups])
    for key, group in groups.items():
        is_list = resolved(top[key]).get("type") == "array"
        intro = meaning(top[key]) + (" Each entry:" if is_list else "")
        yield _table(f"{PROJECT}:{key}", intro, list(_rows("", group)))


def _properties(node: Node) -> dict[str, Node]:
    return cast("dict[str, Node]", child(node, "properties"))


def _group(node: Node) -> Node:
    """The group that a key takes, once or as a list's entries."""
    found = resolved(node)
    return resolved(child(found, "items")) if "items" in found else found


def _table(title: str, intro: str, rows: list[str]) -> str:
    head = ["| key | takes | default | meaning |", "|---|---|---|---|"]
    return "\n".join([f"## {title}", "", *([intro, ""] if intro else []), *head, *rows, ""])


def _rows(prefix: str, group: Node, kind: str = "") -> Iterator[str]:
    kinds = variants(group)
    if kinds:
        meanings = " ".join(f"`{name}`: {meaning(variant)}" for name, variant in kinds.items())
        yield f"| `{prefix}kind` | one of those | required | {meanings} |"
    for name, variant in (kinds or {kind: group}).items():
        for same in _alike(variant, [key for key in _properties(variant) if not (kinds and key == "kind")]):
            inner = resolved(_properties(variant)[same[0]])
            if "properties" in inner:
                label = f"{{{','.join(same)}}}" if len(same) > 1 else same[0]
                yield from _rows(f"{prefix}{label}.", inner, name)
            else:
                yield from (_row(prefix + key, variant, key, name) for key in same)


def _alike(group: Node, keys: list[str]) -> Iterator[list[str]]:
    """The keys; neighbours that take the same are together."""
    for _, run in groupby(keys, lambda key: resolved(_properties(group)[key])):
        yield list(run)


def _row(label: str, group: Node, key: str, kind: str = "") -> str:
    node = _properties(group)[key]
    required = key in cast("list[str]", group.get("required", []))
    default = "required" if required else _shown(node.get("default"))
    cells = [f"`{label}`" + (f" ({kind})" if kind else ""), _takes(node), default, meaning(node)]
    return f"| {' | '.join(cell.replace('|', _PIPE) for cell in cells)} |"


def _takes(node: Node) -> str:
    found = resolved(node)
    if found.get("type") == "array":
        return f"list of: {taken(resolved(child(found, 'items')))}"
    words = taken(found)
    return words.split(":")[0] if found.get("format") == "quantity" else words


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


def _size_cell(size: SizeName, part: str) -> str:
    row = SIZES[size][part]
    volume = [kubernetes_size(row.disk)] if row.disk else []
    return ", ".join([kubernetes_cpu(row.cpu), kubernetes_size(row.memory), *volume])


def _rule_row(rule: Rule) -> str:
    return f"| `{rule.name}` | {rule.severity} | {rule.consequence} |\n"

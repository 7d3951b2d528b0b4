"""Lines as a cluster writes them: klog, JSON and Airflow, full of ids that no codec can guess; the same each time."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence

from logstack.localrun.client import Entry

_WORDS = ("reconciling", "updated", "timeout", "retry", "accepted", "evicted", "synced", "probe", "bound", "deleted")
_SECOND = 10**9


def streams(number: int, lines: int, start: int, span_seconds: int) -> dict[str, Sequence[Entry]]:
    """So many streams by name with so many lines each, evenly over a span that begins at `start` (nanoseconds)."""
    chance = random.Random(7)  # noqa: S311 - the same lines each time
    step = span_seconds * _SECOND // lines
    return {
        f"app-{stream}": [Entry(start + index * step, _line(stream % 3, index, chance)) for index in range(lines)]
        for stream in range(number)
    }


def _line(kind: int, index: int, chance: random.Random) -> str:
    word, other, identity = chance.choice(_WORDS), chance.choice(_WORDS), f"{chance.getrandbits(128):032x}"
    clock = f"{index // 3600 % 24:02}:{index // 60 % 60:02}:{index % 60:02}.{chance.randrange(10**6):06}"
    match kind:
        case 0:
            pod = f"shop/{word}-{identity[:10]}-{identity[10:15]}"
            place = f"{word}.go:{chance.randrange(999)}"
            return f'I0601 {clock} 1 {place}] "{word} {other}" pod="{pod}" took="{clock[-6:]}us"'
        case 1:
            return json.dumps(
                {
                    "time": f"2026-06-01T{clock}Z",
                    "level": chance.choice(("info", "info", "warn", "error")),
                    "msg": f"{word} {other}",
                    "trace_id": identity,
                    "user": chance.randrange(10**6),
                    "ms": chance.randrange(10**4) / 10,
                }
            )
        case _:
            place = f"{{taskinstance.py:{chance.randrange(2000)}}}"
            run = f"scheduled__2026-06-01T{clock[:8]}+00:00"
            return f"[2026-06-01T{clock[:12]}+0000] {place} INFO - {word} {other}: task {identity[:8]} of {run}"


def pushes(of: Mapping[str, Sequence[Entry]], size: int) -> Iterator[list[dict[str, object]]]:
    """The bodies of pushes: so many lines of each stream at once, so that time goes on in all of them together."""
    for begin in range(0, max(map(len, of.values())), size):
        yield [
            {"stream": {"app": name}, "values": [[str(entry.time), entry.line] for entry in part]}
            for name, entries in of.items()
            if (part := entries[begin : begin + size])
        ]

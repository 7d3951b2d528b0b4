"""Lines as a cluster writes them: klog, JSON and Airflow, with random ids that no codec can guess; always the same."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence

from logstack.localrun.client import Entry

_WORDS = ("reconciling", "updated", "timeout", "retry", "accepted", "evicted", "synced", "probe", "bound", "deleted")
_SECOND = 10**9


def streams(number: int, lines: int, start: int, span_seconds: int) -> dict[str, Sequence[Entry]]:
    """Return `number` streams by name with `lines` lines each, evenly over a span from `start` (nanoseconds)."""
    chance = random.Random(7)  # noqa: S311 - the same lines each time
    step = span_seconds * _SECOND // lines
    return {
        f"app-{stream}": [Entry(start + index * step, _line(stream % 3, index, chance)) for index in range(lines)]
        for stream in range(number)
    }


def _line(kind: int, index: int, chance: random.Random) -> str:
    word, second_word, identity = chance.choice(_WORDS), chance.choice(_WORDS), f"{chance.getrandbits(128):032x}"
    clock = f"{index // 3600 % 24:02}:{index // 60 % 60:02}:{index % 60:02}.{chance.randrange(10**6):06}"
    match kind:
        case 0:
            pod = f"shop/{word}-{identity[:10]}-{identity[10:15]}"
            source_location = f"{word}.go:{chance.randrange(999)}"
            return f'I0601 {clock} 1 {source_location}] "{word} {second_word}" pod="{pod}" took="{clock[-6:]}us"'
        case 1:
            return json.dumps(
                {
                    "time": f"2026-06-01T{clock}Z",
                    "level": chance.choice(("info", "info", "warn", "error")),
                    "msg": f"{word} {second_word}",
                    "trace_id": identity,
                    "user": chance.randrange(10**6),
                    "ms": chance.randrange(10**4) / 10,
                }
            )
        case _:
            source_location = f"{{taskinstance.py:{chance.randrange(2000)}}}"
            run = f"scheduled__2026-06-01T{clock[:8]}+00:00"
            time = f"2026-06-01T{clock[:12]}+0000"
            return f"[{time}] {source_location} INFO - {word} {second_word}: task {identity[:8]} of {run}"


def pushes(entries_by_stream: Mapping[str, Sequence[Entry]], size: int) -> Iterator[list[dict[str, object]]]:
    """Yield the bodies of pushes: `size` lines of each stream at once, so that time advances in all together."""
    for begin in range(0, max(map(len, entries_by_stream.values())), size):
        yield [
            {"stream": {"app": name}, "values": [[str(entry.time), entry.line] for entry in batch]}
            for name, entries in entries_by_stream.items()
            if (batch := entries[begin : begin + size])
        ]

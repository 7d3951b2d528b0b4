"""With every redaction rule on, no secret of the corpus reaches Loki, the bucket or the processes' logs."""

import json
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from logstack.localrun.collector import Collector
from logstack.localrun.layout import LOOPBACK
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.settings.tree import Settings
from tests.support.collector import stack
from tests.support.corpus import EVERY_RULE, Line, lines
from tests.support.real import binary

pytestmark = pytest.mark.prove

_GZIP = b"\x1f\x8b\x08"
_PATIENCE = 180


def settings() -> Settings:
    return stack(
        "secrets",
        {
            "objectStore": {"kind": "embedded", "bucket": "secrets"},
            "collector": {
                "redact": {"rules": list(EVERY_RULE)},
                "sources": {"pods": "none", "push": True},
                "indexLabels": ["cluster", "app"],
            },
            "canary": {"enabled": False},
        },
    )


def push_lines(url: str, corpus: Sequence[Line]) -> int:
    """Send each line as an entry, as a shipper would; return the time of the first, in nanoseconds."""
    start = time.time_ns() - len(corpus) * 1_000_000
    values = [[str(start + number * 1_000_000), line.text] for number, line in enumerate(corpus)]
    streams = {"streams": [{"stream": {"app": "corpus"}, "values": values}]}
    httpx.post(url, json=streams, timeout=30).raise_for_status()
    return start


def wait_for_lines(platform: Platform, start: int, count: int) -> list[str]:
    deadline = time.monotonic() + _PATIENCE
    while True:
        found = [row.entry.line for row in platform.loki.rows('{app="corpus"}', start, time.time_ns())]
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def plain_text(content: bytes) -> bytes:
    """Return an object with all its compressed content: a chunk holds blocks of gzip, an index file is one."""
    return content + b"\n".join(_unpacked(content))


def _unpacked(content: bytes) -> Iterator[bytes]:
    offset = content.find(_GZIP)
    while offset >= 0:
        with suppress(zlib.error):  # three bytes that only look like the beginning of a block
            yield zlib.decompressobj(wbits=31).decompress(content[offset:])
        offset = content.find(_GZIP, offset + 1)


def test_no_secret_of_the_corpus_reaches_loki_or_the_bucket_and_no_look_alike_is_changed(
    tmp_path: Path, measured: Callable[[str], None]
) -> None:
    corpus = lines()
    secrets = {secret for line in corpus for secret in line.secrets}
    # A text that an unchanged line has as well is no secret.
    innocent = "\n".join(line.expected for line in corpus)
    with Fleet(tmp_path / "out") as fleet:
        platform = Platform(settings(), {name: binary(name) for name in ("loki", "versitygw")}, tmp_path, fleet)
        push = f"{platform.writers[0].url}/loki/api/v1/push"
        collector = Collector(settings(), binary("alloy"), tmp_path, fleet, push, [])
        platform.start()
        collector.start()
        start = push_lines(f"http://{LOOPBACK}:{collector.source_ports['push']}/loki/api/v1/push", corpus)
        found_lines = wait_for_lines(platform, start, len(corpus))
        answers = json.dumps(found_lines, ensure_ascii=False)
        platform.restart(*platform.writers)
        bucket = b"\n".join(plain_text(path.read_bytes()) for path in (tmp_path / "store").rglob("*") if path.is_file())
        process_logs = "\n".join(path.read_text(errors="replace") for path in (tmp_path / "out").glob("*.log"))
    expected = Counter(line.expected for line in corpus)
    assert Counter(found_lines) - expected == Counter(), "lines that are not as they should be"
    assert expected - Counter(found_lines) == Counter(), "lines that are missing"
    unchanged_lines = [line.expected for line in corpus if not line.secrets and "\n" not in line.expected]
    assert [line for line in unchanged_lines if line.encode() not in bucket] == [], (
        "the bucket is read: it has the other lines"
    )
    checked_secrets = [secret for secret in secrets if secret not in innocent]
    assert [
        secret for secret in checked_secrets if secret in answers or secret in process_logs or secret.encode() in bucket
    ] == []
    measured(
        f"redaction: {len(checked_secrets)} secrets of {len(corpus)} lines, none in Loki, in {len(bucket)} bytes of the"
        f" bucket (unpacked) or in the processes' logs; {len(unchanged_lines)} innocent lines unchanged"
    )

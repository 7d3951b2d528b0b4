"""No secret of the corpus in Loki, in the bucket, or in what the processes say: the whole way, with every rule on."""

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


def pushed(url: str, corpus: Sequence[Line]) -> int:
    """Send each line as an entry of its own, as a shipper would; the time of the first."""
    start = time.time_ns() - len(corpus) * 1_000_000
    values = [[str(start + number * 1_000_000), line.text] for number, line in enumerate(corpus)]
    streams = {"streams": [{"stream": {"app": "corpus"}, "values": values}]}
    httpx.post(url, json=streams, timeout=30).raise_for_status()
    return start


def in_loki(platform: Platform, start: int, count: int) -> list[str]:
    deadline = time.monotonic() + _PATIENCE
    while True:
        found = [row.entry.line for row in platform.loki.rows('{app="corpus"}', start, time.time_ns())]
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def plain_text(content: bytes) -> bytes:
    """An object and all that is compressed in it: a chunk holds blocks of gzip, an index file is one."""
    return content + b"\n".join(_unpacked(content))


def _unpacked(content: bytes) -> Iterator[bytes]:
    place = content.find(_GZIP)
    while place >= 0:
        with suppress(zlib.error):  # of three bytes that only look like a beginning
            yield zlib.decompressobj(wbits=31).decompress(content[place:])
        place = content.find(_GZIP, place + 1)


def test_of_the_corpus_no_secret_reaches_loki_or_the_bucket_and_no_look_alike_is_changed(
    tmp_path: Path, measured: Callable[[str], None]
) -> None:
    corpus = lines()
    secrets = {secret for line in corpus for secret in line.secrets}
    # What stands in a line that is left as it is, is no secret there.
    innocent = "\n".join(line.expected for line in corpus)
    with Fleet(tmp_path / "out") as fleet:
        platform = Platform(settings(), {name: binary(name) for name in ("loki", "versitygw")}, tmp_path, fleet)
        push = f"{platform.writers[0].url}/loki/api/v1/push"
        collector = Collector(settings(), binary("alloy"), tmp_path, fleet, push, [])
        platform.start()
        collector.start()
        start = pushed(f"http://{LOOPBACK}:{collector.source_ports['push']}/loki/api/v1/push", corpus)
        found = in_loki(platform, start, len(corpus))
        answers = json.dumps(found, ensure_ascii=False)
        platform.restart(*platform.writers)
        bucket = b"\n".join(plain_text(path.read_bytes()) for path in (tmp_path / "store").rglob("*") if path.is_file())
        said = "\n".join(path.read_text(errors="replace") for path in (tmp_path / "out").glob("*.log"))
    expected = Counter(line.expected for line in corpus)
    assert Counter(found) - expected == Counter(), "lines that are not as they should be"
    assert expected - Counter(found) == Counter(), "lines that are missing"
    whole = [line.expected for line in corpus if not line.secrets and "\n" not in line.expected]
    assert [line for line in whole if line.encode() not in bucket] == [], "the bucket is read: it has the other lines"
    left = [secret for secret in secrets if secret not in innocent]
    assert [secret for secret in left if secret in answers or secret in said or secret.encode() in bucket] == []
    measured(
        f"redaction: {len(left)} secrets of {len(corpus)} lines, none in Loki, in {len(bucket)} bytes of the bucket"
        f" (unpacked) or in the processes' words; {len(whole)} innocent lines unchanged"
    )

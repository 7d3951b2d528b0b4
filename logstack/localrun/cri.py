"""Container log files as the container runtime writes them; as a program, a container's output on its way there.

`python -I cri.py FILE STDOUT STDERR` copies two file descriptors into FILE until both are closed. It needs nothing but
Python's own library: it runs apart from the project.
"""

import os
import selectors
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

# containerd's max_container_log_line_size (its default, and CRI-O's).
PIECE = 16 * 1024
_SECOND = 1_000_000_000
_READ = 64 * 1024


@dataclass(frozen=True)
class Logged:
    """One whole line of a container: its pieces joined."""

    time: int
    stream: str
    line: str


def moment(time_ns: int) -> str:
    """Go's RFC3339Nano in UTC: the fraction of a second without zeros at its end."""
    seconds, fraction = divmod(time_ns, _SECOND)
    digits = f"{fraction:09}".rstrip("0")
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{f'.{digits}' if digits else ''}Z"


def time_of(text: str) -> int:
    """The reverse of `moment`."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.strptime(f"{whole}+0000", "%Y-%m-%dT%H:%M:%S%z").timestamp())
    return seconds * _SECOND + int(fraction.ljust(9, "0"))


def cri_lines(time_ns: int, stream: str, line: bytes) -> bytes:
    """A line of a container as one line of the file, or as several: P for a piece that goes on, F for the last."""
    pieces = [line[start : start + PIECE] for start in range(0, len(line), PIECE)] or [b""]
    head = f"{moment(time_ns)} {stream} ".encode()
    return b"".join(
        head + (b"F " if number == len(pieces) else b"P ") + piece + b"\n" for number, piece in enumerate(pieces, 1)
    )


def logged(content: bytes) -> Iterator[Logged]:
    """The lines of a log file, in its order; a line whose last piece is missing is left out."""
    begun: dict[bytes, bytes] = {}
    for row in content.split(b"\n")[:-1]:
        when, stream, flag, piece = row.split(b" ", 3)
        line = begun.pop(stream, b"") + piece
        if flag == b"P":
            begun[stream] = line
        else:
            yield Logged(time_of(when.decode()), stream.decode(), line.decode(errors="replace"))


def copy(streams: dict[int, str], file: BinaryIO) -> None:
    """Copy file descriptors into a log file, each line with the time at which it came, until all are closed."""
    waiting = dict.fromkeys(streams, b"")
    last = 0
    with selectors.DefaultSelector() as selector:
        for descriptor in streams:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                read = os.read(key.fd, _READ)
                *lines, partial = (waiting[key.fd] + read).split(b"\n")
                if not read:
                    selector.unregister(key.fd)
                    lines, partial = [line for line in [partial] if line], b""
                waiting[key.fd] = partial
                for line in lines:
                    last = max(time.time_ns(), last + 1)  # two lines never have the same time
                    file.write(cri_lines(last, streams[key.fd], line))
                file.flush()


def main(path: str, stdout: str, stderr: str) -> None:
    """Copy a container's output until it ends."""
    with Path(path).open("ab") as file:
        copy({int(stdout): "stdout", int(stderr): "stderr"}, file)


if __name__ == "__main__":
    main(*sys.argv[1:])

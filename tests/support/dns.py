"""A DNS server on this machine that goes away and comes back, as the cluster's does when its pods are replaced."""

import socket
import struct
import threading
from types import TracebackType
from typing import Self

from logstack.localrun.layout import LOOPBACK

_HEADER = struct.Struct("!6H")
_ANSWERED, _ADDRESS = 0x8180, 1


class Dns:
    """Answers every question for an address with the loopback's, as a context.

    A flow is what a client's socket sends from its port. Kubernetes sends a flow to the same DNS pod for as long as the
    socket is used, also when that pod is gone (nginx#279, cilium#27300): `replace_pods` leaves known flows unanswered.
    """

    def __init__(self, ttl: int) -> None:
        """`ttl` is in seconds: for so long may a client remember an answer."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self._ttl = ttl
        self._flows: set[int] = set()
        self._stale: set[int] = set()
        self._is_away = False
        self.port: int = self._socket.getsockname()[1]
        self.answered = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def go_away(self) -> None:
        """Answer nobody."""
        self._is_away = True

    def replace_pods(self) -> None:
        """Come back, in the place of pods that known flows still lead to."""
        self._stale |= self._flows
        self._is_away = False

    def _serve(self) -> None:
        while True:
            try:
                question, client = self._socket.recvfrom(512)
            except OSError:
                return
            self._flows.add(client[1])
            if not self._is_away and client[1] not in self._stale:
                self.answered += 1
                self._socket.sendto(self._answer(question), client)

    def _answer(self, question: bytes) -> bytes:
        number, *_ = _HEADER.unpack_from(question)
        end = question.index(b"\0", _HEADER.size) + 5
        (kind,) = struct.unpack_from("!H", question, end - 4)
        answers = b""
        if kind == _ADDRESS:
            answers = struct.pack("!HHHIH", 0xC00C, _ADDRESS, 1, self._ttl, 4) + socket.inet_aton(LOOPBACK)
        return _HEADER.pack(number, _ANSWERED, 1, bool(answers), 0, 0) + question[_HEADER.size : end] + answers

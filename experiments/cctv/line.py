"""The line between a camera and who watches it: a TCP proxy that can be cut, frozen and made noisy."""

import contextlib
import socket
import threading
import time
from enum import StrEnum

import numpy as np

_CHUNK_BYTES = 1 << 14
_NAP_S = 0.02
_NOISY_SHARE = 0.3
_SPOILT_BYTES = 8


class Trouble(StrEnum):
    """What may happen to a line."""

    NONE = "none"
    CUT = "cut"
    FROZEN = "frozen"
    NOISY = "corrupted"


class Line:
    """Lets everything through; in trouble nothing and nobody (cut), nothing (frozen), or some garbage (corrupted).

    Args:
        port: of the camera, on this machine.
        seed: of the noise.
    """

    def __init__(self, port: int, seed: int) -> None:
        self._camera = ("127.0.0.1", port)
        self._chance, self._lock = np.random.default_rng(seed), threading.Lock()
        self._open: set[socket.socket] = set()
        self._trouble, self._over = Trouble.NONE, False
        self._entrance = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._entrance.getsockname()[1])
        threading.Thread(target=self._accept, args=(self._entrance,), daemon=True).start()

    def have(self, trouble: Trouble) -> None:
        """From now on."""
        before, self._trouble = self._trouble, trouble
        if trouble is Trouble.CUT:
            self._close_all(self._entrance)
        elif before is Trouble.CUT:
            # Refused until here: who comes to the same port again finds it open.
            self._entrance = socket.create_server(("127.0.0.1", self.port))
            threading.Thread(target=self._accept, args=(self._entrance,), daemon=True).start()

    def close(self) -> None:
        """For good."""
        self._over = True
        self._close_all(self._entrance)

    def _close_all(self, entrance: socket.socket) -> None:
        with self._lock:
            for one in (entrance, *self._open):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self._open.clear()

    def _accept(self, entrance: socket.socket) -> None:
        while True:
            try:
                viewer, _ = entrance.accept()
                camera = socket.create_connection(self._camera, timeout=5)
            except OSError:
                # Cut.
                return
            camera.settimeout(None)
            with self._lock:
                self._open |= {viewer, camera}
            for source, target, may_spoil in ((viewer, camera, False), (camera, viewer, True)):
                threading.Thread(target=self._carry, args=(source, target, may_spoil), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, may_spoil: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                while self._trouble is Trouble.FROZEN and not self._over:
                    time.sleep(_NAP_S)
                target.sendall(self._spoilt(data) if may_spoil and self._trouble is Trouble.NOISY else data)
        with self._lock:
            for one in {source, target} & self._open:
                self._open.discard(one)
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def _spoilt(self, data: bytes) -> bytes:
        with self._lock:
            if self._chance.random() > _NOISY_SHARE:
                return data
            spoilt = bytearray(data)
            for at in self._chance.integers(len(spoilt), size=_SPOILT_BYTES).tolist():
                spoilt[at] = int(self._chance.integers(256))
        return bytes(spoilt)

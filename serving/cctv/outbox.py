"""The decoder's way out: the newest picture waits until it is asked for, and decoding goes on meanwhile."""

import os
import threading
from multiprocessing.connection import Connection

from features.cctv.view import Picture
from serving.cctv.messages import ALIVE, End, Head

_BEAT_S = 0.5


class Outbox:
    """One picture at most. Ends the process where nobody is there any more to ask for it.

    Args:
        pipe: to who asks.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._sending, self._changed = pipe, threading.Lock(), threading.Condition()
        self._waiting: tuple[Head, Picture] | None = None
        self._end: End | None = None
        self._beats = False
        self._over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def tell(self, message: bytes) -> None:
        """Say something that nobody asked for."""
        with self._sending:
            self._pipe.send_bytes(message)

    def put(self, picture: Picture, time_s: float, *, makeshift: bool, waits: bool) -> None:
        """Lay a picture there.

        Args:
            picture: blue, green, red.
            time_s: of it, on the camera's clock.
            makeshift: whether that time is counted or that of arrival.
            waits: until the last one was taken; else it takes that one's place.
        """
        height_px, width_px = picture.shape[:2]
        with self._changed:
            if waits:
                self._changed.wait_for(lambda: self._waiting is None)
            dropped = 0 if self._waiting is None else self._waiting[0].dropped + 1
            head = Head(time_s=time_s, height_px=height_px, width_px=width_px, dropped=dropped, makeshift=makeshift)
            self._waiting = (head, picture)
            self._changed.notify_all()

    def beat(self) -> None:
        """Something moves, though no picture is wanted yet."""
        self._beats = True

    def close(self, end: End) -> None:
        """Say why no more will come, after the last picture was taken; returns when it is said."""
        with self._changed:
            self._end = end
            self._changed.notify_all()
        self._over.wait()

    def _serve(self) -> None:
        try:
            while True:
                self._pipe.recv_bytes(1)
                if not self._answer():
                    break
        except (EOFError, OSError):
            # Who asked is gone, and nobody else can ask.
            os._exit(0)
        self._over.set()

    def _answer(self) -> bool:
        """Send the next picture when it is there, or the end; whether there may be more."""
        while (found := self._next()) is None:
            if self._pipe.poll():
                raise BrokenPipeError
            if self._beats:
                self._beats = False
                self.tell(ALIVE)
        if isinstance(found, End):
            self.tell(found.packed())
            return False
        head, picture = found
        with self._sending:
            self._pipe.send_bytes(head.packed())
            self._pipe.send_bytes(picture.data.cast("B"))
        return True

    def _next(self) -> tuple[Head, Picture] | End | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._end is not None, _BEAT_S)
            found, self._waiting = self._waiting, None
            self._changed.notify_all()
            return found if found is not None else self._end

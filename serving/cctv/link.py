"""One decoder's process, from where it is started: asked, listened to, killed."""

import multiprocessing
import time

import numpy as np

from features.cctv.view import Picture
from features.errors import HaechiError
from serving.cctv.decoder import Order, decode
from serving.cctv.faults import Fault
from serving.cctv.messages import ALIVE, BEGAN, END, FRAME, LONGEST_BYTES, OPENED, End, Garbled, Head

# The first of all imports OpenCV, on a machine that may be busy.
_BEGIN_S = 60.0
# Who joins a feed has to wait for a whole picture, a keyframe.
_FIRST_PICTURE_S = 6.0
# A decoder that notices for itself knows better why.
_GRACE_S = 0.5
_KILLED_S = 5.0
_ASK = b"?"

# Its processes are copies of one that has imported OpenCV already and holds no secret: each costs what it adds.
# "__main__" is what they would import else, one by one.
_FORKSERVER = multiprocessing.get_context("forkserver")
_FORKSERVER.set_forkserver_preload(["__main__", "serving.cctv.decoder"])


class Link:
    """A decoder at work.

    Args:
        order: what it is to do.

    Raises:
        HaechiError: the machine starts no more processes.
    """

    def __init__(self, order: Order) -> None:
        silence_s = order.source.silence_s
        first_s = max(silence_s, _FIRST_PICTURE_S)
        self._patience_s = {BEGAN: order.source.open_s, OPENED: first_s, ALIVE: silence_s, FRAME: silence_s}
        self._pipe, theirs = _FORKSERVER.Pipe()
        self._process = _FORKSERVER.Process(target=decode, args=(theirs, order), name="haechi-decoder", daemon=True)
        try:
            self._process.start()
        except OSError as error:
            self._pipe.close()
            raise HaechiError(
                cause=f"No decoder can be started: {error.strerror}",
                mend="Watch fewer cameras, or raise ulimit -u and -n",
            ) from None
        finally:
            theirs.close()
        self._is_asked, self.is_open = False, False
        self._quiet_for_s = _BEGIN_S
        self._heard_s = time.monotonic()

    def ask(self) -> None:
        """Ask for the next picture, once."""
        if self._is_asked:
            return
        if self.is_open:
            # What came before that was not waited for.
            self._heard_s = time.monotonic()
        try:
            self._pipe.send_bytes(_ASK)
        except OSError:
            # It is dead; hear() says so.
            return
        self._is_asked = True

    def hear(self, timeout_s: float) -> tuple[Head, Picture] | End | None:
        """A picture, or why there will be none; None where it said neither within the time.

        Args:
            timeout_s: how long to listen.
        """
        until_s = time.monotonic() + timeout_s
        try:
            while self._pipe.poll(max(0.0, until_s - time.monotonic())):
                found = self._understood(self._pipe.recv_bytes(LONGEST_BYTES))
                if found is not None:
                    return found
        except (EOFError, OSError, Garbled):
            return End(fault=Fault.DIED)
        if time.monotonic() - self._heard_s > self._quiet_for_s + _GRACE_S:
            return End(fault=Fault.SILENT if self.is_open else Fault.NO_ANSWER)
        return None

    def _understood(self, message: bytes) -> tuple[Head, Picture] | End | None:
        kind = message[:1]
        self._heard_s, self._quiet_for_s = time.monotonic(), self._patience_s.get(kind, self._quiet_for_s)
        if kind == FRAME:
            head = Head.of(message)
            picture = np.empty((head.height_px, head.width_px, 3), dtype=np.uint8)
            if self._pipe.recv_bytes_into(picture.data.cast("B")) != picture.nbytes:
                raise Garbled
            self._is_asked = False
            return head, picture
        if kind == END:
            return End.of(message)
        if kind not in (BEGAN, OPENED, ALIVE):
            raise Garbled
        self.is_open = self.is_open or kind == OPENED
        return None

    def close(self) -> None:
        """Kill it; there is nothing that it would have to finish."""
        self._pipe.close()
        self._process.kill()
        self._process.join(_KILLED_S)
        if self._process.exitcode is not None:
            self._process.close()

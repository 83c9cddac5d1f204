"""What FFmpeg says while it opens something: read for what went wrong, shown to nobody, since it quotes addresses."""

import ctypes
import os

from serving.cctv.faults import Fault, fault_of

_OUT, _ERR = 1, 2
# FFmpeg's name for warnings, at which it tells what a web server answered.
_WARNING = "24"


class Words:
    """Catches what this process prints for as long as it is entered, and silences it for good afterwards.

    Only for a process of a decoder's own.
    """

    def __enter__(self) -> "Words":
        self._heard, told = os.pipe()
        # Never full: what does not fit is not waited for, and the first words say why.
        os.set_blocking(told, False)
        os.set_blocking(self._heard, False)
        os.environ["OPENCV_FFMPEG_LOGLEVEL"] = _WARNING
        os.dup2(told, _OUT)
        os.dup2(told, _ERR)
        os.close(told)
        return self

    def fault(self) -> Fault:
        """What was said so far, understood."""
        # OpenCV prints FFmpeg's words, and C keeps back what goes into a pipe.
        ctypes.CDLL(None).fflush(None)
        try:
            said = os.read(self._heard, 1 << 16)
        except BlockingIOError:
            said = b""
        return fault_of(said.decode("utf-8", "replace"))

    def __exit__(self, *_: object) -> None:
        hush()
        os.close(self._heard)


def hush() -> None:
    """Silence this process."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _OUT)
    os.dup2(nowhere, _ERR)
    os.close(nowhere)

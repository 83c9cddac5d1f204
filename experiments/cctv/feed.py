"""An RTSP camera for trials, in a process of Debian's own Python: what ``rtsp_feed.py`` serves."""

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from features.cctv.view import Picture

_SYSTEM_PYTHON = "/usr/bin/python3"
_SCRIPT = Path(__file__).with_name("rtsp_feed.py")
_CHECK = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst, GstRtspServer;"
    " Gst.init(None); assert Gst.ElementFactory.find('openh264enc')"
)


def why_not() -> str:
    """Why no feed can be served here; empty where it can."""
    try:
        done = subprocess.run([_SYSTEM_PYTHON, "-c", _CHECK], capture_output=True, timeout=60)  # noqa: S603  # our own words
    except OSError:
        return f"there is no {_SYSTEM_PYTHON}"
    return "" if done.returncode == 0 else "gir1.2-gst-rtsp-server-1.0 or python3-gi is missing: make ci-deps"


def write_raw(pictures: Iterable[Picture], path: Path) -> None:
    """Write a film as the feed takes it: raw I420, picture after picture.

    Args:
        pictures: of one size, even on both sides.
        path: of the film.
    """
    with path.open("wb") as file:
        for picture in pictures:
            file.write(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes())


@contextmanager
def served(film: Path, size_wh_px: tuple[int, int], fps: int, *login: str) -> Iterator[int]:
    """Serve a raw film over RTSP, round and round, at ``/film`` of the port that this yields.

    Args:
        film: raw, as ``write_raw`` writes it.
        size_wh_px: of its pictures.
        fps: of it.
        login: user and password, where there are to be any.
    """
    words = [_SYSTEM_PYTHON, str(_SCRIPT), str(film), *map(str, size_wh_px), str(fps), *login]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:  # noqa: S603
        try:
            yield int(server.stdout.readline())  # type: ignore[union-attr]  # a pipe, as asked
        finally:
            server.kill()

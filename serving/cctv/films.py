"""What pictures are read from, behind one door: a stream or film through FFmpeg, or a folder of pictures."""

import math
import os
import re
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from features.cctv.view import Picture
from serving.cctv.address import SCHEMES
from serving.cctv.faults import LARGEST_PX, Fault, Unreadable
from serving.cctv.source import Source
from serving.cctv.words import Words

_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
# Demuxers, by FFmpeg's names. A film that is a playlist in truth, or a list of other files, is none of them.
_FILM_FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,asf,h264,hevc,ogg,m4v,mpegvideo,ivf,dhav"
_WEB_FORMATS = f"hls,mjpeg,mpjpeg,aac,mp3,ac3,webvtt,{_FILM_FORMATS}"
# All that may be opened on the way, redirects, playlists and segments included: no file, no pipe, no concat.
_OPTIONS = {
    "rtsp": "rtsp_transport;tcp|protocol_whitelist;rtsp,rtsps,rtp,srtp,tcp,udp,tls,crypto"
    "|format_whitelist;rtsp,sdp,rtp",
    "http": f"protocol_whitelist;http,https,httpproxy,tcp,tls,crypto|format_whitelist;{_WEB_FORMATS}",
    "file": f"protocol_whitelist;file|format_whitelist;{_FILM_FORMATS}",
}
# FFmpeg looks into a feed for five seconds, unless told otherwise, before it shows the first picture.
_LOOK_INTO_FEED = "|analyzeduration;1000000"


class Film(Protocol):
    """Pictures one after the other.

    Attributes:
        fps: as it says itself; may be nonsense.
        promised: how many frames it says that it has; 0: it does not say.
        unread: how many of its pictures could not be read.
    """

    fps: float
    promised: int
    unread: int

    def grab(self) -> float | None:
        """Go to the next picture, and its timestamp in seconds, or NaN; None at the end."""
        ...

    def picture(self) -> Picture:
        """The one that was gone to.

        Raises:
            Unreadable: it is too large, or none.
        """
        ...


def opened(source: Source, address: str) -> Film:
    """The pictures behind an address.

    Args:
        source: the camera.
        address: its address of now, secrets included.

    Raises:
        Unreadable: there are none, and why.
    """
    if address.partition("://")[0].lower() in SCHEMES:
        return _Video(source, address, address[:4].lower())
    path = Path(address)
    try:
        empty = path.stat().st_size == 0
    except PermissionError:
        raise Unreadable(Fault.NOT_ALLOWED) from None
    except (OSError, ValueError):
        raise Unreadable(Fault.MISSING) from None
    if path.is_dir():
        return _Folder(path, source.reading.folder_fps)
    if not path.is_file():
        raise Unreadable(Fault.NOT_A_FILE)
    if not os.access(path, os.R_OK):
        raise Unreadable(Fault.NOT_ALLOWED)
    if empty:
        raise Unreadable(Fault.EMPTY)
    # With its protocol said, no name is taken for another protocol's, such as "concat:a.mp4".
    return _Video(source, f"file:{path.absolute()}", "file")


class _Video:
    """Through FFmpeg. ``grab`` decodes without converting, which is most of the work."""

    unread = 0

    def __init__(self, source: Source, address: str, scheme: str) -> None:
        options = _OPTIONS[scheme] + (_LOOK_INTO_FEED if scheme == "rtsp" else "")
        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = options
        with Words() as words:
            self._video = cv2.VideoCapture(address, cv2.CAP_FFMPEG, _settings(source))
            if not self._video.isOpened():
                raise Unreadable(words.fault())
        width, height = (self._video.get(which) for which in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if max(width, height) > LARGEST_PX:
            raise Unreadable(Fault.TOO_LARGE)
        self.fps = self._video.get(cv2.CAP_PROP_FPS)
        self.promised = max(0, int(self._video.get(cv2.CAP_PROP_FRAME_COUNT)))

    def grab(self) -> float | None:
        if not self._video.grab():
            return None
        stream_ms = self._video.get(cv2.CAP_PROP_POS_MSEC)
        return stream_ms / 1000 if math.isfinite(stream_ms) else math.nan

    def picture(self) -> Picture:
        found, picture = self._video.retrieve()
        return _checked(picture if found else None)


def _settings(source: Source) -> list[int]:
    wanted = {
        # More threads cost memory, and pictures of delay, for each camera.
        cv2.CAP_PROP_N_THREADS: 1,
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: source.open_s * 1000,
        # Longer than anybody waits: after its own timeout OpenCV hands out a picture once more, as if all were well.
        cv2.CAP_PROP_READ_TIMEOUT_MSEC: 2 * source.silence_s * 1000 + 10_000,
    }
    return [int(number) for pair in wanted.items() for number in pair]


class _Folder:
    """Pictures in the order of their names, numbers in them as numbers: 2 before 10."""

    def __init__(self, path: Path, fps: float) -> None:
        self._paths = sorted((one for one in path.iterdir() if one.suffix.lower() in _PICTURES), key=_by_numbers)
        if not self._paths:
            raise Unreadable(Fault.NO_PICTURES)
        self.fps, self.promised, self.unread, self._next = fps, len(self._paths), 0, 0
        self._picture: npt.NDArray[Any] | None = None

    def grab(self) -> float | None:
        while self._next < len(self._paths):
            self._next += 1
            # Here and not in picture(): what cannot be read is no picture, and the one after it takes its turn.
            try:
                self._picture = cv2.imread(str(self._paths[self._next - 1]), cv2.IMREAD_COLOR)
            except cv2.error:
                self._picture = None
            if self._picture is not None:
                return (self._next - 1) / self.fps
            self.unread += 1
        if self.unread == len(self._paths):
            raise Unreadable(Fault.NOT_VIDEO)
        return None

    def picture(self) -> Picture:
        return _checked(self._picture)


def _by_numbers(path: Path) -> list[tuple[bool, int, str]]:
    parts = re.split(r"([0-9]+)", path.name)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def _checked(picture: npt.NDArray[Any] | None) -> Picture:
    """Blue, green, red, within bounds."""
    if picture is None or picture.size == 0 or picture.dtype != np.uint8:
        raise Unreadable(Fault.NOT_VIDEO)
    if max(picture.shape[:2]) > LARGEST_PX:
        raise Unreadable(Fault.TOO_LARGE)
    channels = 1 if picture.ndim == 2 else picture.shape[2]
    if channels == 3:
        return np.ascontiguousarray(picture)
    if channels == 1:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    if channels == 4:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGRA2BGR), dtype=np.uint8)
    raise Unreadable(Fault.NOT_VIDEO)

"""Films, folders and servers that cameras are tried on."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from serving.cctv.camera import Camera, Frame
from serving.cctv.source import Pace, Reading, Source, source_of

HASTE = Reading(pace=Pace.MAX, open_s=2.0, silence_s=1.5, longest_pause_s=0.4)
"""So that a test of an outage takes seconds."""


def picture(number: int, size_wh_px: tuple[int, int] = (64, 48)) -> np.ndarray:
    """A picture of eight stripes, black or white: its number, modulo 256."""
    bits = [20 + 200 * (number >> bit & 1) for bit in range(8)]
    width_px, height_px = size_wh_px
    return np.tile(np.repeat(np.array(bits, np.uint8), width_px // 8)[None, :, None], (height_px, 1, 3))


def number_of(frame: Frame) -> int:
    """Which picture it was."""
    stripes = frame.picture.mean(axis=(0, 2)).reshape(8, -1).mean(axis=1)
    return int(sum(1 << bit for bit in range(8) if stripes[bit] > 120))


def decoders() -> list[psutil.Process]:
    """The decoders' processes that live: what the forkserver, a child of ours, has started."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if "forkserver" in " ".join(child.cmdline()):
                found += [one for one in child.children() if one.status() != psutil.STATUS_ZOMBIE]
    return found


@pytest.fixture
def make_film(tmp_path: Path) -> Callable[..., Path]:
    """A film of some seconds; the stripes of each frame tell its number."""

    def make(
        name: str = "a-01.mp4",
        *,
        frames: int = 50,
        fps: float = 25,
        size_wh_px: tuple[int, int] = (64, 48),
        codec: str = "mp4v",
    ) -> Path:
        path = tmp_path / name
        video = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), fps, size_wh_px)
        assert video.isOpened()
        for number in range(frames):
            video.write(picture(number, size_wh_px))
        video.release()
        return path

    return make


@pytest.fixture
def make_camera() -> Iterator[Callable[..., Camera]]:
    """A camera that is switched off when the test is over, however it ends."""
    cameras: list[Camera] = []

    def make(source: Source | str | Path, **changes: object) -> Camera:
        if not isinstance(source, Source):
            source = source_of(str(source), **{"camera": "A-01", "reading": HASTE, **changes})
        cameras.append(Camera(source, chance=np.random.default_rng(7)))
        return cameras[-1]

    yield make
    for camera in cameras:
        camera.stop()


class Web:
    """A web server of the test's own: what lies at a path is bytes, or a function of what was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, object] = {}
        self.asked: list[tuple[str, str | None]] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                web.asked.append((self.path, self.headers["Authorization"]))
                page = web.pages.get(path)
                if callable(page):
                    page = page(self)
                if page is None:
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Whoever was killed in the middle of an answer is no error here."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def status(code: int) -> Callable[[BaseHTTPRequestHandler], None]:
    """A page that answers with nothing but a status."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", "0")
        if code == 401:
            handler.send_header("WWW-Authenticate", 'Basic realm="camera"')
        handler.end_headers()

    return answer


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


@pytest.fixture
def refusing() -> int:
    """A port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def mute() -> Iterator[int]:
    """A port at which somebody listens, and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])

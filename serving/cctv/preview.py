"""A page of this machine's own that shows what the cameras show: annotated, blurred, and labelled where simulated."""

import base64
import hashlib
import json
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from features.errors import BadInput
from serving.address import is_loopback
from serving.cctv.board import Board
from serving.cctv.told import IncidentTold, Shown
from serving.cctv.wording import EVENTS, FAULTS
from serving.values import plain

MOST_STREAMS = 16
"""Pictures that are sent at a time, a camera on a page each."""

_MOST_CONNECTIONS = 64
# Who takes no picture for so long is gone.
_TIMEOUT_S = 10.0
_MOST_INCIDENTS = 100
_BOUNDARY = "picture"
_PARTED = f"\r\n--{_BOUNDARY}\r\n".encode()
_PICTURES = re.compile(r"/cameras/(\d{1,4})\.(mjpeg|jpeg)")
_LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}


class Preview:
    """Bound when made, answering once started.

    Args:
        host: to bind.
        port: likewise; 0 picks a free one.
        board: what is shown.
        plaintext: whether it may be reached from other machines, which a proxy in front guards.

    Raises:
        BadInput: the address cannot be had, or is open to others unguarded.
    """

    def __init__(self, host: str, port: int, board: Board, *, plaintext: bool = False) -> None:
        if not (is_loopback(host) or plaintext):
            raise BadInput(
                cause=f"Host {host} is reachable from other machines, and the preview asks nobody who they are",
                mend="Leave --host away, so that only this machine sees it; or let a proxy in front guard it and set "
                "HAECHI_PLAINTEXT=true",
            )
        try:
            self._server = _Server((host, port), partial(_Handler, _Page(), board), host)
        except OSError as error:
            raise BadInput(
                cause=f"Cannot listen at {host}:{port}: {error.strerror}",
                mend="Stop what listens there, or pick another (--preview; 0 finds a free one)",
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="haechi-preview", daemon=True)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._server.server_port}/"

    def start(self) -> None:
        """Answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; streams end with their board."""
        self._server.shutdown()
        self._server.server_close()


class _Page:
    """The page, and the headers that keep everything else out of it."""

    def __init__(self) -> None:
        self.html = (resources.files("serving.cctv") / "preview.html").read_bytes()
        script, style = (_hash(self.html, tag) for tag in (b"script", b"style"))
        self.headers = {
            "Content-Security-Policy": f"default-src 'none'; img-src 'self'; connect-src 'self'; script-src {script}; "
            f"style-src {style}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }


def _hash(html: bytes, tag: bytes) -> str:
    """Of what stands in an element, as a policy names it."""
    inner = html.split(b"<" + tag + b">")[1].split(b"</" + tag + b">")[0]
    return f"'sha256-{base64.b64encode(hashlib.sha256(inner).digest()).decode()}'"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, place: tuple[str, int], handler: Callable[..., BaseHTTPRequestHandler], host: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.connections = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        self.streams = threading.BoundedSemaphore(MOST_STREAMS)
        self.is_local = is_loopback(host)
        super().__init__(place, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a thread of its own, where there is one left."""
        if not self.connections.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for the next."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hung up is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "haechi", ""
    timeout = _TIMEOUT_S

    def __init__(self, page: _Page, board: Board, *arguments: Any) -> None:
        self._page, self._board = page, board
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer one call."""
        path = urlsplit(self.path).path
        found = _PICTURES.fullmatch(path)
        if not self._is_own_host():
            # A page of somebody else whose name points here would read what only this machine may.
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", b"Ask by this machine's own name")
        elif path == "/":
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", self._page.html)
        elif path == "/state.json":
            self._answer(HTTPStatus.OK, "application/json", json.dumps(state(self._board)).encode())
        elif found is not None and int(found[1]) < len(self._board.cameras()):
            show = self._stream if found[2] == "mjpeg" else self._show
            show(self._board.cameras()[int(found[1])].name)
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"There is nothing here")

    def log_message(self, format: str, *arguments: Any) -> None:  # the library's own name
        """Nothing: a page asks every second."""

    def _is_own_host(self) -> bool:
        name = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        return not self.server.is_local or name in _LOCAL_NAMES

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self._head(status, {"Content-Type": kind, "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _head(self, status: HTTPStatus, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**self._page.headers, **more, "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()

    def _show(self, camera: str) -> None:
        shown = self._board.picture(camera, None, 0.0)
        if shown is None:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"There is no picture yet")
        else:
            self._answer(HTTPStatus.OK, "image/jpeg", shown.jpeg)

    def _stream(self, camera: str) -> None:
        if not self.server.streams.acquire(blocking=False):
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"Enough watch already; close another page")
            return
        try:
            self._head(HTTPStatus.OK, {"Content-Type": f"multipart/x-mixed-replace; boundary={_BOUNDARY}"})
            self.wfile.write(_PARTED)
            shown: Shown | None = None
            while not self._board.over:
                newer = self._board.picture(camera, shown, _TIMEOUT_S)
                if newer is not None:
                    shown = newer
                if shown is not None:
                    # Also an old one now and then: so that who is gone is found out.
                    self._send(shown.jpeg)
        finally:
            self.server.streams.release()

    def _send(self, jpeg: bytes) -> None:
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
        # A browser shows a picture once it has seen what parts it from the next.
        self.wfile.write(head + jpeg + _PARTED)


def state(board: Board) -> dict[str, Any]:
    """What the page shows beside the pictures: the cameras, and the newest incidents first."""
    incidents, _ = board.incidents()
    cameras = [
        {
            "name": one.name,
            "simulated": one.simulated,
            "seen_at": one.seen_at,
            "ended": one.ended,
            "faults": [{**asdict(FAULTS[fault.kind]), "detail": fault.detail} for fault in one.faults],
        }
        for one in board.cameras()
    ]
    shown = [_shown(told) for told in reversed(incidents[-_MOST_INCIDENTS:])]
    document: dict[str, Any] = plain({"cameras": cameras, "incidents": shown})
    return document


def _shown(told: IncidentTold) -> dict[str, Any]:
    one = told.incident
    return {
        "camera": one.camera,
        "name": asdict(EVENTS[one.kind]),
        "severity": one.severity.value,
        "change": told.change.value,
        "at": told.at,
        "onset_s": round(one.onset_s, 1),
        "cleared_s": None if one.cleared_s is None else round(one.cleared_s, 1),
        "probability": round(float(one.probability), 2),
        "zone": one.zone,
        "learned": one.learned,
        "why": {"ko": one.why_ko, "en": one.why},
        "simulated": told.simulated,
    }

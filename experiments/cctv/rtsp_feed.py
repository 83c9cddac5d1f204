"""A camera to try others on: serves a film over RTSP, round and round, as H.264.

Run it with Debian's own Python, which has the bindings of ``gir1.2-gst-rtsp-server-1.0`` and ``python3-gi`` (``make
ci-deps``): ``/usr/bin/python3 experiments/cctv/rtsp_feed.py FILM.i420 WIDTH HEIGHT FPS [USER PASSWORD]``. The film is
raw I420, picture after picture. Prints the port that it took and serves ``/film`` until its standard input closes.
"""

import sys
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

_KEYFRAME_S = 2


class Film(GstRtspServer.RTSPMediaFactory):
    """One encoder for all who watch, as a camera has: who joins waits for the next keyframe."""

    def __init__(self, path: Path, width_px: int, height_px: int, fps: int) -> None:
        super().__init__()
        self._film = path.read_bytes()
        self._frame_bytes = width_px * height_px * 3 // 2
        self._step_ns = Gst.SECOND // fps
        self.set_launch(
            f"( appsrc name=film is-live=true format=time"
            f" caps=video/x-raw,format=I420,width={width_px},height={height_px},framerate={fps}/1"
            f" ! openh264enc bitrate=400000 complexity=low gop-size={_KEYFRAME_S * fps}"
            f" ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96 )"
        )
        self.set_shared(True)

    def feed_into(self, media: GstRtspServer.RTSPMedia) -> None:
        """Feed a pipeline that was just built."""
        sent = 0

        def feed(source: Gst.Element, _wanted_bytes: int) -> None:
            nonlocal sent
            at = sent * self._frame_bytes % len(self._film)
            picture = Gst.Buffer.new_wrapped(self._film[at : at + self._frame_bytes])
            picture.pts = sent * self._step_ns
            picture.duration = self._step_ns
            sent += 1
            source.emit("push-buffer", picture)

        media.get_element().get_by_name_recurse_up("film").connect("need-data", feed)


def _lock(server: GstRtspServer.RTSPServer, factory: Film, user: str, password: str) -> None:
    """Let nobody in but who knows the password."""
    keeper = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", user)
    keeper.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(keeper)
    may = GstRtspServer.RTSPPermissions()
    may.add_permission_for_role(user, "media.factory.access", True)
    may.add_permission_for_role(user, "media.factory.construct", True)
    factory.set_permissions(may)


def main(arguments: list[str]) -> None:
    """Serve until standard input closes."""
    Gst.init(None)
    path, width_px, height_px, fps, *login = arguments
    factory = Film(Path(path), int(width_px), int(height_px), int(fps))
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service="0")
    if login:
        _lock(server, factory, *login)
    factory.connect("media-configure", lambda _factory, media: factory.feed_into(media))
    server.get_mount_points().add_factory("/film", factory)
    loop = GLib.MainLoop()
    server.attach(None)
    GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP, lambda *_: loop.quit())
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    loop.run()


if __name__ == "__main__":
    main(sys.argv[1:])

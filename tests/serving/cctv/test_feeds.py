"""Live feeds: what goes wrong with one is told once, mended by itself, and no other camera notices."""

import os
import re
import signal
import socket
import threading
import time

import numpy as np
import psutil
import pytest

from features.cctv.events import HealthEvent, HealthKind
from serving.cctv.address import Told
from serving.cctv.camera import Frame
from serving.cctv.source import Reading, Source, SourceKind
from tests.serving.cctv.conftest import HASTE, decoders, number_of, status

PLAYLIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{first}\n"


def hls(web, segments, first=0, ends=True):
    """Lay a playlist of segments onto a server."""
    lines = [PLAYLIST.format(first=first)]
    for number, segment in enumerate(segments):
        web.pages[f"/{first + number}.ts"] = segment
        lines.append(f"#EXTINF:2.0,\n{first + number}.ts\n")
    web.pages["/live.m3u8"] = "".join([*lines, "#EXT-X-ENDLIST\n" if ends else ""]).encode()
    return f"{web.url}/live.m3u8?key=hush"


def playlist_of(segment):
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{segment}\n#EXT-X-ENDLIST\n".encode()


@pytest.fixture
def segment(make_film):
    return make_film("segment.ts", frames=50).read_bytes()


def until(camera, wanted, within_s=15.0):
    """What the camera tells, up to the first of which ``wanted`` holds."""
    told, until_s = [], time.monotonic() + within_s
    while time.monotonic() < until_s:
        found = camera.take(0.5)
        if found is not None:
            told.append(found)
            if wanted(found):
                return told
    raise AssertionError(f"not within {within_s} s: {told}")


def assert_even(frames):
    """As far apart as five a second are, but for what was dropped between."""
    expected = [0.2 * (1 + frame.dropped) for frame in frames[1:]]
    assert np.diff([frame.time_s for frame in frames]) == pytest.approx(expected, abs=0.05)


def is_frame(found):
    return isinstance(found, Frame)


def is_lost(found):
    return isinstance(found, HealthEvent) and found.cleared_s is None


def is_back(found):
    return isinstance(found, HealthEvent) and found.cleared_s is not None


def test_hls_comes_evenly_though_its_segments_come_at_once(web, segment, make_camera):
    camera = make_camera(hls(web, [segment]))
    began_s, frames = time.monotonic(), [found for found in until(camera, is_lost) if is_frame(found)]
    # What a busy machine is late for is dropped.
    assert {number_of(frame) for frame in frames} <= set(range(0, 50, 5))
    assert len(frames) + sum(frame.dropped for frame in frames) == 10
    assert_even(frames)
    assert time.monotonic() - began_s > 1.8


def test_an_outage_is_told_once_and_its_end_with_its_onset(web, make_film, make_camera):
    film = make_film(frames=20).read_bytes()
    web.pages["/a.mp4"] = film
    camera = make_camera(f"{web.url}/a.mp4?key=hush")
    told = until(camera, is_lost)
    web.pages["/a.mp4"] = status(503)
    for _ in range(4):
        assert camera.take(0.5) is None
    web.pages["/a.mp4"] = film
    back, frame = until(camera, is_frame)
    lost = told[-1]
    assert (lost.camera, lost.kind) == ("A-01", HealthKind.LOST)
    assert "feed ended" in lost.detail
    assert (back.kind, back.onset_s, back.cleared_s) == (HealthKind.LOST, lost.onset_s, frame.time_s)
    assert lost.onset_s == told[-2].time_s < back.cleared_s


def test_a_camera_that_comes_back_with_another_size_says_so(web, make_film, make_camera):
    web.pages["/a.mp4"] = make_film(frames=5).read_bytes()
    camera = make_camera(f"{web.url}/a.mp4")
    until(camera, is_lost)
    web.pages["/a.mp4"] = make_film(frames=5, size_wh_px=(80, 60)).read_bytes()
    frame = until(camera, is_frame)[-1]
    assert frame.resized
    assert frame.picture.shape == (60, 80, 3)


@pytest.mark.parametrize(
    ("page", "cause"),
    [
        pytest.param(status(401), "asks for a login", id="asks for a password"),
        pytest.param(status(403), "asks for a login", id="refuses the password"),
        pytest.param(status(404), "no such stream", id="not there"),
        pytest.param(b"", "no video", id="empty"),
        pytest.param(np.random.default_rng(7).bytes(50_000), "no video", id="garbage"),
        pytest.param(
            playlist_of("file:///etc/passwd"),
            "no camera needs",
            id="a local file",
        ),
        pytest.param(
            playlist_of("concat:/etc/passwd|/etc/group"),
            "no camera needs|no video",
            id="concat",
        ),
        pytest.param(b"ffconcat version 1.0\nfile /etc/passwd\n", "no camera needs|no video", id="a list of files"),
    ],
)
def test_what_the_web_answers_is_told_with_cause_and_mend(web, make_camera, page, cause):
    web.pages["/live.m3u8"] = page
    camera = make_camera(f"{web.url}/live.m3u8?key=hush")
    (lost,) = until(camera, is_lost)
    assert lost.kind is HealthKind.LOST
    assert lost.onset_s == 0.0
    assert re.search(cause, lost.detail)
    assert "hush" not in lost.detail


def test_a_film_of_this_machine_is_out_of_a_playlists_reach(web, make_film, make_camera):
    local = make_film("local.ts")
    web.pages["/live.m3u8"] = playlist_of(f"file://{local}")
    camera = make_camera(f"{web.url}/live.m3u8")
    (lost,) = until(camera, is_lost)
    assert "no camera needs" in lost.detail
    assert not any(is_frame(camera.take(0.3)) for _ in range(4))


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_port_that_refuses(scheme, refusing, make_camera):
    (lost,) = until(make_camera(f"{scheme}://u:hush@127.0.0.1:{refusing}/1"), is_lost)
    assert "refused" in lost.detail
    assert "hush" not in lost.detail


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_server_that_never_answers(scheme, mute, make_camera):
    began_s = time.monotonic()
    (lost,) = until(make_camera(f"{scheme}://127.0.0.1:{mute}/1", reading=Reading(open_s=1)), is_lost)
    assert "nothing answered" in lost.detail
    assert 0.9 < time.monotonic() - began_s < 6


def test_a_wrong_password_is_not_tried_again_and_again(web, make_camera):
    web.pages["/a.mp4"] = status(401)
    camera = make_camera(f"{web.url}/a.mp4")
    until(camera, is_lost)
    tries = len(web.asked)
    assert camera.take(2) is None
    assert len(web.asked) == tries


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV], ids=lambda number: number.name)
def test_a_feed_whose_decoder_dies_gets_another(web, segment, make_camera, number):
    camera = make_camera(hls(web, [segment] * 5))
    until(camera, is_frame)
    os.kill(decoders()[0].pid, number)
    lost = until(camera, is_lost)[-1]
    assert "decoder died" in lost.detail
    until(camera, is_back)
    assert is_frame(camera.take(5))


def test_a_feed_that_stalls_is_lost_and_comes_back(web, segment, make_camera):
    stalls = threading.Event()

    def stalling(_):
        # The second segment never comes, for as long as it stalls.
        if stalls.is_set():
            time.sleep(4)
            return None
        return segment

    url = hls(web, [segment, stalling])
    stalls.set()
    camera = make_camera(url)
    lost = until(camera, is_lost)[-1]
    assert "no picture came" in lost.detail or "feed ended" in lost.detail
    stalls.clear()
    until(camera, is_back)


def test_an_address_that_expires_is_asked_for_at_each_connection(web, make_film, make_camera):
    film, told = make_film(frames=5).read_bytes(), iter(range(100))

    def page(_):
        number = next(told)
        web.pages[f"/{number}.mp4"] = film
        # The one before has expired.
        web.pages[f"/{number - 1}.mp4"] = status(403)
        return f"{web.url}/{number}.mp4?key=hush".encode()

    web.pages["/where"] = page
    camera = make_camera(
        Source(camera="A-01", kind=SourceKind.WEB, address=Told(f"{web.url}/where?key=hush"), reading=HASTE)
    )
    lost = until(camera, is_lost)[-1]
    assert "hush" not in lost.detail
    until(camera, is_back)
    paths = [path.partition("?")[0] for path, _ in web.asked]
    assert {"/0.mp4", "/1.mp4"} <= set(paths)


def test_a_page_that_never_answers_is_no_picture(mute, make_camera):
    source = Source(
        camera="A-01", kind=SourceKind.WEB, address=Told(f"http://127.0.0.1:{mute}/"), reading=Reading(open_s=1)
    )
    (lost,) = until(make_camera(source), is_lost)
    assert "nothing answered" in lost.detail


def test_a_late_reader_gets_the_newest_picture_and_how_many_it_missed(web, segment, make_camera):
    camera = make_camera(hls(web, [segment] * 3), reading=Reading(open_s=5, silence_s=5))
    first = until(camera, is_frame)[-1]
    time.sleep(2)
    second, third = camera.take(2), camera.take(2)
    assert second.time_s - first.time_s < 0.5 or second.dropped > 5
    assert third.time_s - first.time_s > 1.5
    assert second.dropped + third.dropped >= 7


def test_other_cameras_notice_nothing(web, segment, mute, refusing, make_camera, make_film):
    sound = make_camera(hls(web, [segment] * 3), camera="sound")
    first = until(sound, is_frame)[-1]
    for address in (f"rtsp://127.0.0.1:{mute}/1", f"rtsp://127.0.0.1:{refusing}/1", f"{web.url}/nowhere.m3u8"):
        bad = make_camera(address, camera="bad")
        bad.take(0.1)
    frames = [first, *(sound.take(2) for _ in range(10))]
    assert all(is_frame(frame) for frame in frames)
    assert_even(frames)


def test_a_stop_from_another_thread_ends_the_iteration_at_once(refusing, make_camera):
    camera = make_camera(f"rtsp://127.0.0.1:{refusing}/1", reading=Reading(longest_pause_s=60))
    threading.Timer(0.5, camera.stop).start()
    began_s = time.monotonic()
    assert [is_lost(found) for found in camera] in ([True], [])
    assert time.monotonic() - began_s < 3
    assert not decoders()


def test_no_secret_is_in_any_process_or_file_name(web, segment, make_camera):
    camera = make_camera(hls(web, [segment] * 3))
    until(camera, is_frame)
    for process in (*psutil.Process().children(recursive=True),):
        shown = [*process.cmdline(), process.name(), *(file.path for file in process.open_files())]
        assert not any("hush" in one for one in shown)
    assert "hush" not in repr(camera.source) + str(camera.source)


def test_nothing_of_a_decoder_is_printed(web, make_camera, capfd):
    web.pages["/live.m3u8"] = playlist_of("file:///etc/passwd")
    until(make_camera(f"{web.url}/live.m3u8?key=hush"), is_lost)
    heard = capfd.readouterr()
    assert heard.out + heard.err == ""


def test_a_host_that_nobody_knows(make_camera):
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("camera.invalid", 554)
    (lost,) = until(make_camera("rtsp://camera.invalid/1"), is_lost)
    assert "host" in lost.detail

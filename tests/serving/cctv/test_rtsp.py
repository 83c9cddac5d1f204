"""A real RTSP feed, where this machine can serve one."""

import re
import time

import numpy as np
import pytest

from experiments.cctv.feed import served, why_not, write_raw
from experiments.cctv.line import Line, Trouble
from features.cctv.events import HealthKind
from serving.cctv.address import with_login
from serving.cctv.source import Reading
from tests.serving.cctv.conftest import picture
from tests.serving.cctv.test_feeds import assert_even, is_back, is_frame, is_lost, until

SIZE, FPS = (128, 96), 25
HASTY = Reading(silence_s=2, open_s=2, longest_pause_s=0.5)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    if reason := why_not():
        pytest.skip(reason)
    path = tmp_path_factory.mktemp("film") / "film.i420"
    write_raw((picture(number % 256, SIZE) for number in range(100)), path)
    return path


@pytest.fixture(scope="module")
def port(film):
    with served(film, SIZE, FPS) as port:
        yield port


@pytest.fixture
def line(port):
    line = Line(port, seed=7)
    yield line
    line.close()


def test_five_pictures_a_second_with_the_feeds_own_times(port, make_camera):
    camera = make_camera(f"rtsp://127.0.0.1:{port}/film", reading=Reading())
    # What was read at once while the feed was looked into may be dropped.
    until(camera, lambda found: is_frame(found) and found.time_s > 3)
    frames = [camera.take(3) for _ in range(20)]
    assert all(is_frame(frame) for frame in frames)
    assert_even(frames)
    assert {frame.picture.shape for frame in frames} == {(SIZE[1], SIZE[0], 3)}
    assert not frames[-1].makeshift


@pytest.mark.parametrize("trouble", [Trouble.CUT, Trouble.FROZEN])
def test_a_line_that_is_cut_or_frozen_is_told_once_and_mended(line, make_camera, trouble):
    camera = make_camera(f"rtsp://127.0.0.1:{line.port}/film", reading=HASTY)
    until(camera, is_frame)
    line.have(trouble)
    began_s = time.monotonic()
    lost = until(camera, is_lost)[-1]
    assert time.monotonic() - began_s < 4
    assert lost.kind is HealthKind.LOST
    for _ in range(4):
        assert camera.take(0.5) is None
    line.have(Trouble.NONE)
    back = until(camera, is_back, within_s=10)[-1]
    assert back.onset_s == lost.onset_s < back.cleared_s


def test_a_line_that_spoils_what_it_carries_harms_nothing(line, make_camera):
    camera = make_camera(f"rtsp://127.0.0.1:{line.port}/film", reading=HASTY)
    until(camera, is_frame)
    line.have(Trouble.NOISY)
    until_s = time.monotonic() + 4
    while time.monotonic() < until_s:
        camera.take(0.5)
    line.have(Trouble.NONE)
    frames = [found for found in (camera.take(3) for _ in range(30)) if is_frame(found)]
    assert np.all(np.diff([frame.time_s for frame in frames]) > 0)
    assert len(frames) > 20


@pytest.mark.parametrize(
    ("login", "is_let_in"),
    [
        pytest.param(("viewer", "hu/sh@:?#"), True, id="the right one, whatever its letters"),
        pytest.param(("viewer", "wrong"), False, id="a wrong one"),
        pytest.param(None, False, id="none"),
    ],
)
def test_a_feed_with_a_password(film, make_camera, login, is_let_in, caplog, capfd):
    with served(film, SIZE, FPS, "viewer", "hu/sh@:?#") as port:
        address = f"rtsp://127.0.0.1:{port}/film"
        camera = make_camera(with_login(address, *login) if login else address)
        found = until(camera, lambda found: is_frame(found) or is_lost(found))[-1]
        assert is_frame(found) == is_let_in
        if not is_let_in:
            assert "asks for a login" in found.detail
            assert "wrong" not in found.detail
    heard = capfd.readouterr()
    assert not re.search("hu.?sh|wrong", caplog.text + heard.out + heard.err)


def test_a_stream_that_the_camera_does_not_have(port, make_camera):
    (lost,) = until(make_camera(f"rtsp://127.0.0.1:{port}/other"), is_lost)
    assert "no such stream" in lost.detail

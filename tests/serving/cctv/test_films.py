"""Films and folders, from their first picture to their last, and those that are none."""

import os
import signal
import time
from itertools import pairwise

import cv2
import numpy as np
import pytest

from features.errors import BadInput
from serving.cctv.camera import Frame
from serving.cctv.source import Pace, Reading
from tests.serving.cctv.conftest import HASTE, decoders, number_of, picture


def test_a_film_comes_at_the_chosen_rate_with_its_own_times(make_film, make_camera):
    camera = make_camera(make_film(frames=50))
    frames = list(camera)
    assert [frame.time_s for frame in frames] == pytest.approx(np.arange(0, 2, 0.2))
    assert [number_of(frame) for frame in frames] == list(range(0, 50, 5))
    assert {frame.picture.shape for frame in frames} == {(48, 64, 3)}
    assert not any(frame.resized or frame.makeshift or frame.dropped for frame in frames)
    assert (camera.ended.truncated, camera.ended.note) == (False, "")


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "MJPG"), ("a.mkv", "VP80"), ("a.ts", "mp4v")])
def test_other_containers_too(make_film, make_camera, name, codec):
    assert len(list(make_camera(make_film(name, codec=codec)))) == 10


def test_no_picture_is_lost_to_a_slow_reader_at_full_speed(make_film, make_camera):
    frames = []
    for frame in make_camera(make_film(frames=25), reading=Reading(rate_fps=25, pace=Pace.MAX)):
        time.sleep(0.01)
        frames.append(frame)
    assert [number_of(frame) for frame in frames] == list(range(25))


def test_a_film_in_its_own_time_drops_what_a_slow_reader_misses(make_film, make_camera):
    began_s, frames = time.monotonic(), []
    for frame in make_camera(make_film(frames=25), reading=Reading(rate_fps=25)):
        time.sleep(0.2)
        frames.append(frame)
    assert 1 + len(frames[1:]) + sum(frame.dropped for frame in frames) == 25
    assert sum(frame.dropped for frame in frames) > 10
    assert time.monotonic() - began_s > 0.96


def test_a_folder_is_read_in_the_order_of_its_numbers(tmp_path, make_camera):
    for number in (10, 9, 1, 2):
        cv2.imwrite(str(tmp_path / f"p{number}.png"), picture(number))
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    frames = list(make_camera(tmp_path, reading=Reading(folder_fps=2, pace=Pace.MAX)))
    assert [number_of(frame) for frame in frames] == [1, 2, 9, 10]
    assert [frame.time_s for frame in frames] == [0.0, 0.5, 1.0, 1.5]


def test_another_size_is_told(tmp_path, make_camera):
    for number, size in enumerate([(64, 48), (64, 48), (80, 60), (80, 60)]):
        cv2.imwrite(str(tmp_path / f"p{number}.png"), picture(number, size))
    frames = list(make_camera(tmp_path))
    assert [frame.resized for frame in frames] == [False, False, True, False]
    assert frames[2].picture.shape == (60, 80, 3)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(np.full((48, 64), 90, np.uint8), id="grey"),
        pytest.param(np.full((48, 64, 4), 90, np.uint8), id="with transparency"),
        pytest.param(np.full((48, 64, 3), 90 * 257, np.uint16), id="16 bits"),
    ],
)
def test_whatever_its_channels_a_picture_is_blue_green_red(tmp_path, make_camera, made):
    cv2.imwrite(str(tmp_path / "p.png"), made)
    (frame,) = make_camera(tmp_path)
    assert (frame.picture.shape, frame.picture.dtype) == ((48, 64, 3), np.uint8)
    assert (frame.picture == 90).all()


def test_pictures_that_cannot_be_read_are_counted(tmp_path, make_camera):
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"p{number}.png"), picture(number))
    (tmp_path / "p1.png").write_bytes(b"garbage")
    camera = make_camera(tmp_path)
    assert [number_of(frame) for frame in camera] == [0, 2, 3]
    assert camera.ended.note == "1 of its 4 pictures could not be read"


def test_films_that_change_their_size_are_shown_in_their_first(make_film, make_camera, tmp_path):
    parts = [
        make_film(f"{n}.ts", codec="MPG2", size_wh_px=size) for n, size in enumerate([(64, 48), (160, 120), (64, 48)])
    ]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    frames = list(make_camera(joined))
    assert len(frames) >= 27
    assert {frame.picture.shape for frame in frames} == {(48, 64, 3)}
    assert all(a.time_s < b.time_s for a, b in pairwise(frames))


def test_a_truncated_film_is_read_as_far_as_it_goes(make_film, make_camera, tmp_path):
    whole = make_film("a.avi", codec="MJPG").read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole[: len(whole) // 2])
    camera = make_camera(cut)
    assert 0 < len(list(camera)) < 10
    assert camera.ended.truncated
    assert "could be read" in camera.ended.note


def _none(path):
    path.unlink()


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        pytest.param(_none, "no such file", id="missing"),
        pytest.param(lambda path: path.write_bytes(b""), "empty", id="empty"),
        pytest.param(lambda path: path.write_bytes(np.random.default_rng(7).bytes(20_000)), "no film", id="garbage"),
        pytest.param(
            lambda path: os.truncate(path, path.stat().st_size // 2), "cut off", id="cut off before its index"
        ),
        pytest.param(lambda path: (_none(path), os.mkfifo(path)), "neither a file", id="a pipe"),
        pytest.param(lambda path: (_none(path), path.mkdir()), "no pictures", id="an empty folder"),
        pytest.param(
            lambda path: path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n"),
            "no film",
            id="a playlist in disguise",
        ),
        pytest.param(
            lambda path: path.write_text("ffconcat version 1.0\nfile /etc/passwd\n"),
            "no camera needs",
            id="a list in disguise",
        ),
    ],
)
def test_what_is_no_film_is_refused_with_cause_and_mend(make_film, make_camera, spoil, cause):
    path = make_film("film.mp4")
    spoil(path)
    camera = make_camera(path)
    with pytest.raises(BadInput, match=cause) as refused:
        list(camera)
    assert "film.mp4" in refused.value.cause
    assert refused.value.mend


def test_pictures_without_bounds_are_refused(tmp_path, make_camera):
    cv2.imwrite(str(tmp_path / "p.png"), np.zeros((4097, 16), np.uint8))
    with pytest.raises(BadInput, match="larger than 4096"):
        list(make_camera(tmp_path))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV], ids=lambda number: number.name)
def test_a_film_whose_decoder_dies_goes_on_where_it_was(make_film, make_camera, number):
    frames = []
    for frame in make_camera(make_film(frames=100)):
        frames.append(frame)
        if len(frames) == 5:
            os.kill(decoders()[0].pid, number)
    assert [number_of(frame) for frame in frames] == list(range(0, 100, 5))


def test_a_film_that_always_kills_its_decoder_ends_there(make_film, make_camera):
    camera, killed = make_camera(make_film(frames=2000), reading=Reading(rate_fps=0.2)), set()
    assert isinstance(camera.take(10), Frame)
    while camera.ended is None:
        for one in decoders():
            os.kill(one.pid, signal.SIGSEGV)
            killed.add(one.pid)
        camera.take(0.0)
    assert len(killed) >= 3
    assert camera.ended.truncated
    assert "decoder died" in camera.ended.note


def test_a_decoder_that_hangs_is_killed(make_film, make_camera):
    camera = make_camera(make_film(frames=2000), reading=Reading(pace=Pace.MAX, silence_s=0.5))
    assert isinstance(camera.take(10), Frame)
    hung = decoders()[0]
    hung.suspend()
    frames = [camera.take(10) for _ in range(5)]
    assert all(isinstance(frame, Frame) for frame in frames)
    assert not hung.is_running()


def test_a_camera_that_was_stopped_leaves_no_process(make_film, make_camera):
    camera = make_camera(make_film(frames=2000))
    camera.take(10)
    assert decoders()
    camera.stop()
    assert camera.take(1) is None
    assert not decoders()
    assert list(camera) == []


def test_a_film_that_was_read_leaves_no_process(make_film, make_camera):
    list(make_camera(make_film()))
    assert not decoders()


def test_a_decoder_costs_little_memory_of_its_own(make_film, make_camera):
    camera = make_camera(make_film(frames=2000, size_wh_px=(352, 288)), reading=HASTE)
    camera.take(10)
    assert decoders()[0].memory_full_info().uss < 60 * 2**20

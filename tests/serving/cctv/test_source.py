"""What a camera is, by its address."""

import pickle

import pytest

from features.errors import BadInput
from serving.cctv.source import Pace, Reading, SourceKind, source_of


@pytest.mark.parametrize(
    ("address", "kind", "camera"),
    [
        pytest.param("rtsp://u:hush@10.0.0.7:554/1", SourceKind.RTSP, "10.0.0.7/1", id="RTSP"),
        pytest.param("RTSPS://10.0.0.7/1", SourceKind.RTSP, "10.0.0.7/1", id="RTSP, encrypted"),
        pytest.param("https://h.example/a.m3u8?key=hush", SourceKind.WEB, "h.example/a.m3u8", id="HLS"),
        pytest.param("films/a-01.mp4", SourceKind.FILM, "a-01", id="film"),
        pytest.param("file:///films/a-01.mp4", SourceKind.FILM, "a-01", id="film by URL"),
        pytest.param("concat:a.mp4|b.mp4", SourceKind.FILM, "concat:a.mp4|b", id="a name is a name"),
    ],
)
def test_an_address_tells_what_a_camera_is(address, kind, camera):
    source = source_of(address)
    assert (source.kind, source.camera) == (kind, camera)
    assert "hush" not in repr(source) + str(source.address)


def test_a_folder_is_known_by_being_one(tmp_path):
    assert source_of(str(tmp_path)).kind is SourceKind.FOLDER


@pytest.mark.parametrize(
    ("address", "cause"),
    [
        pytest.param("ftp://u:hush@h/a", "not reached by 'ftp'", id="another scheme"),
        pytest.param("gopher://h/hush@", "not reached by 'gopher'", id="one that nobody follows"),
        pytest.param("rtsp://u:hush/1", "no host", id="a login that lost its host"),
        pytest.param("rtsp://u:hu/sh@h/1", "no host", id="a password that was not encoded"),
        pytest.param("rtsp:///1", "no host", id="no host"),
        pytest.param("http://[::1/hush@", "no host", id="no address at all"),
        pytest.param("rtsp://h\n/1", "no host", id="line break"),
        pytest.param("", "empty", id="empty"),
        pytest.param("a\0b", "NUL", id="NUL"),
    ],
)
def test_what_cannot_be_followed_is_refused_without_its_secret(address, cause):
    with pytest.raises(BadInput, match=cause) as refused:
        source_of(address)
    assert not any(secret in str(refused.value) for secret in ("hush", "hu/"))
    assert refused.value.mend


@pytest.mark.parametrize("name", ["rate_fps", "folder_fps", "silence_s", "open_s", "longest_pause_s"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_nonsense_is_refused_at_birth(name, value):
    with pytest.raises(BadInput, match=name):
        Reading(**{name: value})


def test_only_a_film_at_full_speed_waits_for_its_reader():
    fast = Reading(pace=Pace.MAX)
    assert source_of("a.mp4", reading=fast).waits
    assert not source_of("a.mp4").waits
    assert not source_of("rtsp://h/1", reading=fast).waits


def test_hls_is_given_more_patience_for_it_comes_in_pieces():
    assert source_of("http://h/a.m3u8").silence_s > source_of("rtsp://h/1").silence_s
    assert source_of("http://h/a.m3u8", reading=Reading(silence_s=2)).silence_s == 2


def test_a_source_crosses_a_pipe_with_its_secret():
    source = pickle.loads(pickle.dumps(source_of("rtsp://u:hush@h/1")))  # noqa: S301  # our own
    assert source.address() == "rtsp://u:hush@h/1"

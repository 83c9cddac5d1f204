"""A camera's own file."""

from pathlib import Path

import pytest

from features.errors import BadInput, UnknownName
from serving.cctv.camera_file import read_camera_file
from serving.cctv.source import Pace, SourceKind

SECRETS = {"PW": "hu/sh"}


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "b-02.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_password_comes_from_a_variable(write):
    path = write(
        'camera = "A-01"\n[source]\naddress = "rtsp://10.0.0.7/1"\nuser = "viewer"\npassword_env = "PW"\n'
        'rate_fps = 4\npace = "max"'
    )
    source = read_camera_file(path, SECRETS)
    assert source.address() == "rtsp://viewer:hu%2Fsh@10.0.0.7/1"
    assert (source.camera, source.reading.rate_fps, source.reading.pace) == ("A-01", 4, Pace.MAX)
    assert "sh" not in str(source.address).removeprefix("rtsp") + repr(source.address)


def test_a_key_goes_where_the_file_says(write):
    path = write(
        '[source]\naddress_from = "http://127.0.0.1/cctv?key={password}"\naddress_path = "a.0"\npassword_env = "PW"'
    )
    source = read_camera_file(path, SECRETS)
    assert (source.kind, source.camera) == (SourceKind.WEB, "b-02")
    assert str(source.address) == "the address that http://127.0.0.1/cctv?key=*** tells"


def test_a_film_is_looked_for_beside_the_file(write, tmp_path):
    assert read_camera_file(write('[source]\naddress = "a.mp4"'), {}).address() == str(tmp_path / "a.mp4")


def test_zones_in_the_same_file_are_no_matter(write):
    path = write('[source]\naddress = "a.mp4"\n[ground]\npixels = []\n[[zone]]\nkind = "carriageway"')
    assert read_camera_file(path, {}).kind is SourceKind.FILM


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        pytest.param('camera = "A"', "no table", id="no source"),
        pytest.param("[source]", "one of address", id="no address"),
        pytest.param('[source]\naddress="a"\naddress_from="http://h/hush"', "one of address", id="two addresses"),
        pytest.param(
            '[source]\naddress="rtsp://h"\npassword_env="NONE"\nuser="u"', "NONE.*not set", id="no such variable"
        ),
        pytest.param('[source]\naddress="rtsp://h"\npassword_env="PW"', "without a user", id="no user"),
        pytest.param('[source]\naddress="a"\npace="slow"', "neither real nor max", id="pace"),
        pytest.param('[source]\naddress="a"\nrate_fps="5"', "no number", id="text for a number"),
        pytest.param('[source]\naddress="a"\nrate_fps=true', "no number", id="yes for a number"),
        pytest.param("[source]\naddress=5", "no text", id="number for a text"),
        pytest.param('[source]\naddress="a"\nrate_fps=0', "rate_fps", id="no rate"),
        pytest.param('camera = 5\n[source]\naddress="a"', "camera is no text", id="name"),
        pytest.param('[source\naddress="rtsp://u:hush@h"', "no TOML", id="no TOML"),
        pytest.param('[source]\naddress_from="a.json"', "no http", id="a page that is no page"),
        pytest.param('[source]\npasword="hush"\naddress="a"', "no entry.*'pasword'", id="misspelt"),
    ],
)
def test_what_cannot_be_understood_is_refused_without_its_secret(write, text, cause):
    with pytest.raises(BadInput, match=cause) as refused:
        read_camera_file(write(text), SECRETS)
    assert "hush" not in str(refused.value)


def test_a_misspelt_entry_is_told_its_neighbour(write):
    with pytest.raises(UnknownName, match="Did you mean 'password_env'"):
        read_camera_file(write('[source]\naddress = "a"\npasword_env = "PW"'), SECRETS)


def test_no_such_file():
    with pytest.raises(BadInput, match="cannot be read"):
        read_camera_file(Path("nowhere.toml"), SECRETS)

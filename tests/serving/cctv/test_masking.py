"""An address as it may be shown holds no secret."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.cctv.masking import masked


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        pytest.param("rtsp://10.0.0.7:554/1", "rtsp://10.0.0.7:554/1", id="no secret, nothing hidden"),
        pytest.param("rtsp://u:hush@10.0.0.7/1", "rtsp://***@10.0.0.7/1", id="login"),
        pytest.param("rtsp://hush@10.0.0.7/1", "rtsp://***@10.0.0.7/1", id="a user may be a key"),
        pytest.param("http://h/a.m3u8?key=hush&hush", "http://h/a.m3u8?key=***&***", id="query"),
        pytest.param("http://h/a.m3u8#hush", "http://h/a.m3u8", id="fragment"),
        pytest.param("rtsp://u:hu/sh@10.0.0.7/1", "rtsp://***", id="password with a slash"),
        pytest.param("rtsp://u:hu#sh@10.0.0.7/1", "rtsp://***", id="password with a hash"),
        pytest.param("rtsp://u:hu?sh@10.0.0.7/1", "rtsp://***", id="password with a question mark"),
        pytest.param("rtsp://u:hu@sh@10.0.0.7/1", "rtsp://***@10.0.0.7/1", id="password with an at"),
        pytest.param("rtsp://u:hush/1", "rtsp://***", id="a login that lost its host"),
        pytest.param("u:hush@10.0.0.7/1", "***@10.0.0.7/1", id="no scheme"),
        pytest.param("http://[::1]:80/a", "http://[::1]:80/a", id="IPv6"),
        pytest.param("/films/a@b.mp4", "/films/a@b.mp4", id="a path"),
    ],
)
def test_only_what_is_no_secret_is_shown(address, shown):
    assert masked(address) == shown


@given(password=st.text(min_size=1, max_size=12))
def test_no_password_is_shown_whatever_its_letters(password):
    told = masked(f"rtsp://viewer:QQ{quote(password, safe='')}QQ@camera.example:554/1?key=QQ{quote(password, safe='')}")
    assert "QQ" not in told

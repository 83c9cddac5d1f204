"""An address that expires is asked for anew."""

import base64
import json

import pytest

from serving.cctv.address import Told, with_login
from serving.cctv.faults import Fault, Unreadable
from tests.serving.cctv.conftest import status


def test_a_page_tells_the_address_of_now(web):
    told = iter(("rtsp://h/1?t=1", "rtsp://h/1?t=2"))
    web.pages["/cctv"] = lambda _: json.dumps({"response": {"data": [{"url": next(told)}]}}).encode()
    address = Told(f"{web.url}/cctv", "response.data.0.url")
    assert [address(), address()] == ["rtsp://h/1?t=1", "rtsp://h/1?t=2"]


def test_a_plain_page_is_the_address(web):
    web.pages["/cctv"] = b"\n  https://h/a.m3u8?key=1  \n"
    assert Told(f"{web.url}/cctv")() == "https://h/a.m3u8?key=1"


def test_the_login_goes_to_the_page_and_to_nobody_that_it_redirects_to(web):
    def elsewhere(handler):
        handler.send_response(302)
        handler.send_header("Location", f"{web.url}/there")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    web.pages |= {"/here": elsewhere, "/there": b"rtsp://h/1"}
    address = Told(with_login(f"{web.url}/here", "viewer", "hu/sh"))
    assert address() == "rtsp://h/1"
    assert web.asked == [("/here", f"Basic {base64.b64encode(b'viewer:hu/sh').decode()}"), ("/there", None)]
    assert "sh@" not in repr(address) + str(address)


def _to_a_file(handler):
    handler.send_response(302)
    handler.send_header("Location", "file:///etc/passwd")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


@pytest.mark.parametrize(
    ("page", "path", "fault"),
    [
        pytest.param(b"", "", Fault.NO_ADDRESS, id="empty"),
        pytest.param(b"/etc/passwd", "", Fault.NO_ADDRESS, id="a path"),
        pytest.param(b"file:///etc/passwd", "", Fault.NO_ADDRESS, id="a file"),
        pytest.param(b"\xff\xfe", "", Fault.NO_ADDRESS, id="no text"),
        pytest.param(b"<html>", "a", Fault.NO_ADDRESS, id="no JSON"),
        pytest.param(b"[" * 60_000, "a", Fault.NO_ADDRESS, id="JSON without a bottom"),
        pytest.param(b'{"a": []}', "a.0", Fault.NO_ADDRESS, id="an empty list"),
        pytest.param(b'{"a": 5}', "a.b", Fault.NO_ADDRESS, id="another shape"),
        pytest.param(b'{"a": 5}', "a", Fault.NO_ADDRESS, id="a number"),
        pytest.param(b"rtsp://h/" + b"a" * (1 << 16), "", Fault.NO_ADDRESS, id="endless"),
        pytest.param(status(401), "", Fault.PASSWORD, id="asks for a login"),
        pytest.param(status(404), "", Fault.NOT_FOUND, id="not there"),
        pytest.param(status(500), "", Fault.NO_ADDRESS, id="broken"),
        pytest.param(_to_a_file, "", Fault.NO_ADDRESS, id="redirected to a file"),
    ],
)
def test_a_page_that_tells_none(web, page, path, fault):
    web.pages["/cctv"] = page
    with pytest.raises(Unreadable) as refused:
        Told(f"{web.url}/cctv", path)()
    assert refused.value.fault is fault


def test_a_page_that_nobody_serves(refusing):
    with pytest.raises(Unreadable) as refused:
        Told(f"http://127.0.0.1:{refusing}/cctv")()
    assert refused.value.fault is Fault.REFUSED

"""The page: this machine's own, bounded, and labelled; it shows what came through the door alone."""

import http.client
import json
import threading
from urllib.parse import urlsplit

import pytest

from features.errors import BadInput
from serving.cctv.board import Board
from serving.cctv.preview import Preview
from serving.cctv.told import Change, Ended, Shown
from tests.serving.cctv.doubles import fault, sight, told

JPEG = b"\xff\xd8 one picture \xff\xd9"


@pytest.fixture
def board():
    board = Board([sight("A"), sight("B", simulated=True)], most=100)
    yield board
    board.close()


@pytest.fixture
def page(board):
    page = Preview("127.0.0.1", 0, board)
    page.start()
    yield page
    board.close()
    page.stop()


@pytest.fixture
def get(page):
    connections = []

    def ask(path, **headers):
        connection = http.client.HTTPConnection(urlsplit(page.url).netloc, timeout=5)
        connections.append(connection)
        connection.request("GET", path, headers=headers)
        return connection.getresponse()

    yield ask
    for connection in connections:
        connection.close()


def test_the_page_lets_nothing_in_that_is_not_its_own(get):
    reply = get("/")
    html = reply.read().decode()
    assert reply.status == 200
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert policy.count("sha256-") == 2
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "no-store"
    assert "http://" not in html
    assert "https://" not in html
    assert "innerHTML" not in html


@pytest.mark.parametrize(
    "path",
    ["/cameras", "/cameras/", "/cameras/9.mjpeg", "/cameras/-1.mjpeg", "/../serving/cctv/preview.py", "/preview.html"],
)
def test_there_is_nothing_else(get, path):
    assert get(path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed(page, method):
    connection = http.client.HTTPConnection(urlsplit(page.url).netloc, timeout=5)
    connection.request(method, "/")
    assert connection.getresponse().status == 501
    connection.close()


def test_a_page_of_somebody_else_whose_name_points_here_reads_nothing(get):
    assert get("/state.json", Host="evil.example").status == 403


def test_incidents_are_told_in_both_languages_the_newest_first_and_labelled(get, board):
    board.hear(told())
    board.hear(told(camera="B", incident_id=2, raised_s=9.0, simulated=True, why="<b>"))
    board.hear(fault())
    board.hear(Ended(camera="B", pictures=3, seconds=1.0, cause="It died", mend="Look"))
    state = json.loads(get("/state.json").read())
    assert [(one["camera"], one["simulated"]) for one in state["incidents"]] == [("B", True), ("A", False)]
    assert state["incidents"][1]["name"] == {"ko": "차로 위 정지 차량", "en": "Stopped vehicle"}
    assert state["incidents"][0]["why"]["en"] == "<b>"
    first, second = state["cameras"]
    assert first["faults"][0]["ko"] == "영상 끊김"
    assert (second["simulated"], second["ended"]) == (True, "It died")


def test_what_is_over_is_told_as_over(get, board):
    board.hear(told())
    board.hear(told(Change.CLEARED, 9, cleared_s=9.0))
    (one,) = json.loads(get("/state.json").read())["incidents"]
    assert (one["change"], one["cleared_s"]) == ("cleared", 9.0)


def test_pictures_come_one_after_the_other(get, board):
    board.hear(Shown(camera="A", time_s=0.0, jpeg=JPEG))
    reply = get("/cameras/0.mjpeg")
    assert reply.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=picture"
    assert read_part(reply) == JPEG
    board.hear(Shown(camera="B", time_s=0.2, jpeg=b"another camera's"))
    threading.Timer(0.1, lambda: board.hear(Shown(camera="A", time_s=0.2, jpeg=JPEG + b"2"))).start()
    assert read_part(reply) == JPEG + b"2"


def read_part(reply):
    """The next picture of a stream: whole as soon as it is there, without a wait for the one behind it."""
    length = 0
    while (line := reply.readline().strip()) or not length:
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    content = reply.read(length)
    assert [reply.readline(), reply.readline()] == [b"\r\n", b"--picture\r\n"]
    return content


def test_the_newest_picture_alone_is_there_for_pages_of_many_cameras(get, board):
    assert get("/cameras/0.jpeg").status == 404
    board.hear(Shown(camera="A", time_s=0.0, jpeg=JPEG))
    reply = get("/cameras/0.jpeg?1")
    assert (reply.headers["Content-Type"], reply.read()) == ("image/jpeg", JPEG)


def test_no_more_watch_than_there_is_room_for(get, board, monkeypatch, page):
    page._server.streams = threading.BoundedSemaphore(1)
    board.hear(Shown(camera="A", time_s=0.0, jpeg=JPEG))
    first = get("/cameras/0.mjpeg")
    assert read_part(first) == JPEG
    assert get("/cameras/0.mjpeg").status == 503
    assert get("/state.json").status == 200


def test_a_page_for_other_machines_is_refused_unless_a_proxy_guards_it(board):
    with pytest.raises(BadInput, match="reachable from other machines"):
        Preview("0.0.0.0", 0, board)  # noqa: S104
    Preview("0.0.0.0", 0, board, plaintext=True)._server.server_close()  # noqa: S104


def test_a_port_that_is_taken_is_refused(page, board):
    with pytest.raises(BadInput, match="--preview"):
        Preview("127.0.0.1", int(urlsplit(page.url).port), board)

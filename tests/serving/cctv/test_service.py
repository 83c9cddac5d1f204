"""``CctvService``: who may read learns what the cameras see, and misses nothing that is kept."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass

from features.errors import BadInput, HaechiError, NotAllowed, UnknownCaller, UnknownName
from features.settings import Settings
from serving import rpc, status
from serving.cctv.board import Board
from serving.cctv.service import CctvService
from serving.cctv.told import Alive, Change, Measured
from serving.proto import haechi_v1_pb2 as v1
from serving.runtime import Runtime
from serving.server import Server
from serving.tokens import new_token
from tests.serving.cctv.doubles import SINCE, fault, sight, told

SERVICE = v1.DESCRIPTOR.services_by_name["CctvService"]


class Asker:
    """A client of the service."""

    def __init__(self, address: str, token: str = "") -> None:
        self.channel, self.address = grpc.insecure_channel(address), address
        self.metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def call(self, method: str, **fields: object):
        described = SERVICE.methods_by_name[method]
        request = GetMessageClass(described.input_type)(**fields)
        return rpc.ask(self.channel, described)(request, timeout=20, metadata=self.metadata)

    def ask(self, method: str, **fields: object):
        try:
            return self.call(method, **fields)
        except grpc.RpcError as error:
            raise status.read(error, self.address) from None

    def watch(self, count: int, **fields: object) -> list[v1.IncidentStep]:
        """The first steps that a watch tells, which is then left."""
        watching = self.call("WatchIncidents", **fields)
        try:
            return [next(watching) for _ in range(count)]
        except grpc.RpcError as error:
            raise status.read(error, self.address) from None
        finally:
            watching.cancel()


@pytest.fixture
def board():
    return Board([sight("A"), sight("B", simulated=True)], most=100)


@pytest.fixture
def serve(board, tmp_path) -> Iterator[Callable[..., Asker]]:
    servers, askers = [], []

    def start(token: str = "", **changes: object) -> Asker:
        settings = Settings(home=tmp_path, port=0).model_copy(update=changes)
        server = Server(Runtime(threads=1), settings, hosted=(CctvService(board),))
        servers.append(server)
        server.start()
        askers.append(Asker(server.address, token))
        return askers[-1]

    yield start
    for server in servers:
        server.stop(0)
    for asker in askers:
        asker.channel.close()


@pytest.fixture
def asker(serve) -> Asker:
    return serve()


def test_cameras_are_told_with_what_ails_them(asker, board):
    board.hear(fault())
    board.hear(Alive(camera="A", at=SINCE, pictures=9, seconds=2.0))
    first, second = asker.ask("Cameras").cameras
    assert [(one.kind, one.words.ko, one.detail) for one in first.faults] == [("feed lost", "영상 끊김", "no answer")]
    assert first.seen_at.ToDatetime(UTC) == SINCE
    assert (second.name, second.simulated, second.HasField("seen_at")) == ("B", True, False)


def test_an_incident_is_told_whole(asker, board):
    board.hear(told(Change.CLEARED, 9, cleared_s=9.0, simulated=True))
    (one,) = asker.ask("Incidents").incidents
    assert (one.camera, one.number, one.kind, one.change) == ("A", 1, "stopped vehicle", "cleared")
    assert (one.words.ko, one.why.ko) == ("차로 위 정지 차량", "차량이 차로에 1초째 서 있음")
    times = [stamp.ToDatetime(UTC) - SINCE for stamp in (one.onset, one.raised_at, one.cleared_at, one.changed_at)]
    assert times == [timedelta(seconds=seconds) for seconds in (1, 2, 9, 9)]
    assert (one.box.left, one.box.bottom, one.track_id) == (90, 90, 7)
    assert not one.HasField("length_m")
    assert (one.detector, one.rules, one.zones_sha256, one.snapshot_sha256) == ("double", "1", "f" * 64, "a" * 64)
    assert one.simulated


def test_the_latest_and_the_history_are_told_apart(asker, board):
    board.hear(told())
    board.hear(told(Change.CLEARED, 9, cleared_s=9.0))
    board.hear(told(camera="B"))
    assert [one.camera for one in asker.ask("Incidents").incidents] == ["A", "B"]
    assert [one.camera for one in asker.ask("Incidents", only_lasting=True).incidents] == ["B"]
    assert [one.camera for one in asker.ask("Incidents", camera="A").incidents] == ["A"]


def test_a_watch_goes_on_from_its_cursor(asker, board):
    board.hear(told())
    board.hear(told(Change.CLEARED, 9, cleared_s=9.0))
    first, second = asker.watch(2)
    assert [first.incident.change, second.incident.change] == ["raised", "cleared"]
    (again,) = asker.watch(1, cursor=first.cursor)
    assert again == second


def test_a_watch_waits_for_what_comes_and_hears_of_the_one_camera_alone(asker, board):
    cursor = asker.ask("Incidents").cursor
    watching = asker.call("WatchIncidents", cursor=cursor, camera="B")
    later = threading.Timer(0.3, lambda: [board.hear(told()), board.hear(told(camera="B"))])
    later.start()
    assert next(watching).incident.camera == "B"
    watching.cancel()
    later.join()


def test_a_watch_ends_with_the_cameras(asker, board):
    board.hear(told())
    watching = asker.call("WatchIncidents")
    next(watching)
    board.close()
    assert not list(watching)


@pytest.mark.parametrize(
    ("fields", "error", "cause"),
    [
        pytest.param({"cursor": "tomorrow"}, BadInput, "no cursor", id="no cursor"),
        pytest.param({"cursor": "0123456789abcdef:1"}, BadInput, "another watch", id="of another watch"),
        pytest.param({"camera": "C"}, UnknownName, "no camera 'C'", id="no camera"),
    ],
)
def test_a_watch_that_cannot_be_is_refused(asker, fields, error, cause):
    with pytest.raises(HaechiError, match=cause):
        asker.watch(1, **fields)


def test_measurements_are_told_by_lane_and_minute(asker, board):
    for minute, speed in ((0, 50.0), (1, None)):
        time = SINCE + timedelta(minutes=minute)
        row = Measured(camera="A", time=time, entity_id="A/1", volume=12, speed_km_h=speed, simulated=False)
        board.hear(row)
    first, second = asker.ask("Measurements").measurements
    assert (first.entity_id, first.volume, first.speed_km_h) == ("A/1", 12, 50)
    assert not second.HasField("speed_km_h")
    since = SINCE + timedelta(seconds=30)
    assert asker.ask("Measurements", since=since).measurements == [second]


@pytest.mark.parametrize(
    ("scope", "may"),
    [("read", True), ("read:cctv", True), ("read:traffic", False), ("infer", False)],
)
def test_who_may_not_read_cameras_learns_nothing(serve, board, tmp_path, scope, may):
    token = new_token(tmp_path / "tokens.toml", "kim", [scope], zone="", expires=None, rate_per_s=None)
    asker = serve(token, tokens=tmp_path / "tokens.toml")
    board.hear(told())
    for method in ("Cameras", "Incidents", "Measurements"):
        if may:
            asker.ask(method)
        else:
            with pytest.raises(NotAllowed):
                asker.ask(method)
    stranger = Asker(asker.address)
    with pytest.raises(UnknownCaller):
        stranger.ask("Cameras")
    stranger.channel.close()

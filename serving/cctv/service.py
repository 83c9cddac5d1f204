"""``haechi.v1.CctvService``: what the cameras of this process's watch see, now and from a cursor on."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import grpc

from features.errors import BadInput
from serving.call import Call
from serving.cctv.board import Board, CameraState
from serving.cctv.told import IncidentTold, Measured
from serving.cctv.wording import EVENTS, FAULTS
from serving.proto import haechi_v1_pb2 as v1
from serving.rpc import Answer, Method, Wrap, add_service
from serving.streams import Pause
from serving.values import instant

DOMAIN = "cctv"
"""What a token's scope may name: read:cctv."""

_AFRESH = "Ask for the incidents again, and watch from the cursor that comes with them"


class CctvService:
    """Answers from a board.

    Args:
        board: what the cameras told.
    """

    def __init__(self, board: Board) -> None:
        self._board = board

    def register(self, server: grpc.Server, wrap: Wrap) -> str:
        """Let ``server`` answer; returns the service's full name."""
        answers: dict[str, Answer] = {
            "Cameras": self._cameras,
            "Incidents": self._incidents,
            "WatchIncidents": self._watch,
            "Measurements": self._measurements,
        }
        methods = {name: Method(answer=answer, scope="read") for name, answer in answers.items()}
        return add_service(server, v1.DESCRIPTOR.services_by_name["CctvService"], methods, wrap)

    def stop_watches(self) -> None:
        """Let every watcher go, before the server drains."""
        self._board.close()

    def _cameras(self, request: v1.CamerasRequest, call: Call) -> v1.CamerasReply:
        call.refuse_other(DOMAIN)
        return v1.CamerasReply(cameras=[_camera(one) for one in self._board.cameras()])

    def _incidents(self, request: v1.IncidentsRequest, call: Call) -> v1.IncidentsReply:
        call.refuse_other(DOMAIN)
        found, seq = self._board.incidents(request.camera, only_lasting=request.only_lasting)
        return v1.IncidentsReply(incidents=[_incident(told) for told in found], cursor=self._cursor(seq))

    def _watch(self, requests: Iterator[v1.WatchIncidentsRequest], call: Call) -> Iterator[v1.IncidentStep | Pause]:
        call.refuse_other(DOMAIN)
        request = next(requests, None)
        if request is None:
            raise BadInput(cause="The watch has no request", mend="Send one: a cursor, or an empty one")
        seq = self._read_cursor(request.cursor)
        while True:
            # Before the steps: what is told in between wakes at once.
            over = self._board.over
            steps, head = self._board.steps(seq, request.camera)
            for step in steps:
                seq = step.seq
                yield v1.IncidentStep(cursor=self._cursor(seq), incident=_incident(step.told))
            if steps:
                continue
            if over:
                return
            with self._board.after(head) as pause:
                yield pause
            # Raises where the caller left meanwhile.
            next(requests, None)

    def _measurements(self, request: v1.LaneMeasurementsRequest, call: Call) -> v1.LaneMeasurementsReply:
        call.refuse_other(DOMAIN)
        since = instant(request, "since", "request") if request.HasField("since") else None
        rows = [row for row in self._board.measurements(request.camera) if since is None or row.time >= since]
        return v1.LaneMeasurementsReply(measurements=[_measurement(row) for row in rows])

    def _cursor(self, seq: int) -> str:
        return f"{self._board.id}:{seq}"

    def _read_cursor(self, cursor: str) -> int:
        """The step that a cursor stands after."""
        if not cursor:
            return 0
        id_, _, number = cursor.partition(":")
        if not re.fullmatch(r"[0-9]{1,18}", number):
            raise BadInput(cause=f"'{cursor[:60]}' is no cursor", mend=_AFRESH)
        if id_ != self._board.id:
            raise BadInput(cause=f"The cursor '{cursor[:60]}' is of another watch than {self._board.id}", mend=_AFRESH)
        return int(number)


def _camera(one: CameraState) -> v1.Camera:
    return v1.Camera(
        name=one.name,
        simulated=one.simulated,
        faults=[
            v1.CameraFault(
                kind=fault.kind.value,
                words=v1.Words(ko=FAULTS[fault.kind].ko, en=FAULTS[fault.kind].en),
                onset_s=fault.onset_s,
                detail=fault.detail,
            )
            for fault in one.faults
        ],
        seen_at=one.seen_at,
        pictures=one.pictures,
        ended=one.ended or "",
    )


def _incident(told: IncidentTold) -> v1.CameraIncident:
    one, by = told.incident, told.by
    left, top, right, bottom = (float(edge) for edge in one.xyxy_px)

    def at(time_s: float | None) -> datetime | None:
        return None if time_s is None else told.began_at + timedelta(seconds=time_s)

    return v1.CameraIncident(
        camera=one.camera,
        number=one.incident_id,
        kind=one.kind.value,
        words=v1.Words(ko=EVENTS[one.kind].ko, en=EVENTS[one.kind].en),
        change=told.change.value,
        changed_at=told.at,
        onset=at(one.onset_s),
        raised_at=at(one.raised_s),
        cleared_at=at(one.cleared_s),
        probability=one.probability,
        severity=one.severity.value,
        box=v1.PixelBox(left=left, top=top, right=right, bottom=bottom),
        zone=one.zone,
        learned=one.learned,
        track_id=one.track_id,
        length_m=one.length_m,
        speed_km_h=one.speed_km_h,
        why=v1.Words(ko=one.why_ko, en=one.why),
        detector=by.detector,
        detector_sha256=by.detector_sha256,
        rules=by.rules,
        rules_sha256=by.rules_sha256,
        zones_sha256=by.zones_sha256,
        snapshot_sha256="" if told.snapshot is None else told.snapshot.sha256,
        simulated=told.simulated,
    )


def _measurement(row: Measured) -> v1.LaneMeasurement:
    return v1.LaneMeasurement(
        time=row.time, entity_id=row.entity_id, volume=row.volume, speed_km_h=row.speed_km_h, simulated=row.simulated
    )

"""Cameras and watchers that do as a test says: what a worker process makes of them is the product's own."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

from features.cctv.detections import Detections
from features.cctv.events import HealthEvent, HealthKind, Incident, Severity
from features.cctv.kinds import IncidentKind, UserKind
from features.cctv.tracks import Track
from features.errors import BadInput
from serving.cctv.parts import Eye
from serving.cctv.sight import Sight, WatchConfig
from serving.cctv.told import Change, HealthTold, IncidentTold, Provenance, Snapshot

FPS = 5
SIZE_WH_PX = (160, 120)
PERSON_PX = (40.0, 30.0, 60.0, 80.0)
CAR_PX = (90.0, 50.0, 140.0, 90.0)
BY = Provenance(detector="double", detector_sha256="d" * 64, rules="1", rules_sha256="e" * 64, zones_sha256="f" * 64)


def picture(number: int = 0, size_wh_px: tuple[int, int] = SIZE_WH_PX) -> np.ndarray:
    """A person and a car, each a fine pattern that a blur destroys, on a road that is a smooth one."""
    width, height = size_wh_px
    made = np.full((height, width, 3), 90, np.uint8)
    made[:, :, 0] = np.linspace(60, 120, width).astype(np.uint8)
    for left, top, right, bottom in (PERSON_PX, CAR_PX):
        rows, columns = np.mgrid[int(top) : int(bottom), int(left) : int(right)]
        made[int(top) : int(bottom), int(left) : int(right)] = np.where((rows + columns + number) % 4 < 2, 255, 0)[
            ..., None
        ]
    return made


def sharpness(shown: np.ndarray, box: tuple[float, float, float, float]) -> float:
    """How much of a fine pattern is left in a box, away from lines that are drawn along its edge."""
    left, top, right, bottom = (int(edge) for edge in box)
    inner = cv2.cvtColor(shown, cv2.COLOR_BGR2GRAY)[top + 6 : bottom - 4, left + 4 : right - 4]
    return float(np.abs(np.diff(inner.astype(np.float64), axis=1)).mean())


SHARP = sharpness(picture(), PERSON_PX)


def incident(**changes: object) -> Incident:
    """A car that stands from 1 s on, raised at 2 s."""
    base = Incident(
        incident_id=1,
        camera="A",
        kind=IncidentKind.STOPPED_VEHICLE,
        onset_s=1.0,
        raised_s=2.0,
        cleared_s=None,
        probability=0.9,
        xyxy_px=CAR_PX,
        severity=Severity.MODERATE,
        zone="carriageway 1",
        learned=False,
        track_id=7,
        length_m=None,
        speed_km_h=None,
        why="A car has stood for 1 s where traffic flows",
        why_ko="차량이 차로에 1초째 서 있음",
    )
    return replace(base, **changes)


def track(box: tuple[float, float, float, float], kind: UserKind, number: int = 7) -> Track:
    left, _, right, bottom = box
    return Track(
        track_id=number,
        kind=kind,
        xyxy_px=np.array(box),
        foot_px=np.array([(left + right) / 2, bottom]),
        velocity_px_s=np.zeros(2),
        score=0.9,
        first_s=0.0,
        seen_s=0.0,
        foot_m=None,
        velocity_m_s=None,
        speed_km_h=float("nan"),
        speed_sd_km_h=float("nan"),
        stands_since_s=None,
        travelled_px=0.0,
    )


@dataclass(frozen=True, kw_only=True)
class Frame:
    picture: np.ndarray
    time_s: float


@dataclass(kw_only=True)
class Frames:
    """Pictures as an address says: ``double:SECONDS`` and then what goes wrong."""

    sight: Sight
    seconds: float
    goes_wrong: str = ""
    ended: object = None
    stopped: bool = field(default=False)

    def __iter__(self) -> Iterator[Frame | HealthEvent]:
        number = 0
        while not self.stopped and number < self.seconds * FPS:
            if self.goes_wrong == "feed lost" and number == 8:
                lost = HealthEvent(
                    camera=self.sight.name, kind=HealthKind.LOST, onset_s=1.4, cleared_s=None, detail="no answer"
                )
                yield lost
                yield replace(lost, cleared_s=1.6)
            if self.goes_wrong == "killed" and number == 14:
                # What was told by then is heard.
                time.sleep(0.2)
                os.kill(os.getpid(), signal.SIGKILL)
            large = self.goes_wrong == "other size" and number >= 12
            size = (SIZE_WH_PX[0] * 2, SIZE_WH_PX[1] * 2) if large else SIZE_WH_PX
            if self.goes_wrong == "clock stands" and number == 5:
                yield Frame(picture=picture(number, size), time_s=(number - 1) / FPS)
            yield Frame(picture=picture(number, size), time_s=number / FPS)
            number += 1
            if self.goes_wrong == "for ever":
                time.sleep(0.02)
        self.ended = SimpleNamespace(note="cut off" if self.goes_wrong == "truncated" else "")

    def stop(self) -> None:
        self.stopped = True


class Watcher:
    """A person and a car in every picture; the car stands from 1 s on, is told at 2 s, and drives on at 4 s."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    def step(self, shown: np.ndarray, time_s: float) -> SimpleNamespace:
        if "broken" in self._sight.address and time_s >= 1:
            raise RuntimeError("a mistake of ours")
        if "garbled" in self._sight.address and time_s >= 3:
            raise BadInput(cause="The picture is none", mend="Wait")
        incidents = []
        if time_s == 2:
            incidents.append(incident(camera=self._sight.name))
        if time_s == 4 and "for ever" not in self._sight.address:
            incidents.append(incident(camera=self._sight.name, cleared_s=4.0))
        counts = []
        if time_s == 3:
            counts.append(SimpleNamespace(start_s=0.0, entity_id=f"{self._sight.name}/1", volume=12, speed_km_h=None))
        return SimpleNamespace(
            time_s=time_s,
            # The person is not followed yet: what no track has confirmed is blurred all the same.
            detections=Detections.of([(*PERSON_PX, 0.4, UserKind.PERSON)]),
            tracks=[track(CAR_PX, UserKind.CAR)],
            incidents=incidents,
            health=[],
            counts=counts,
            doubtful="night" in self._sight.address,
        )


class Doubles:
    def __init__(self, config: WatchConfig) -> None:
        if config.detector == "none":
            raise BadInput(cause="There is no detector 'none'", mend="Use another")

    def frames(self, sight: Sight) -> Frames:
        _, seconds, *wrong = sight.address.split(":")
        if "refused" in wrong:
            raise BadInput(cause=f"{sight.name}: there is no such file", mend="Check the path")
        return Frames(sight=sight, seconds=float(seconds), goes_wrong=wrong[0] if wrong else "")

    def eye(self, sight: Sight, size_wh_px: tuple[int, int]) -> Eye:
        return Eye(watcher=Watcher(sight), size_wh_px=size_wh_px, by=BY, carriageway=None)


def make_doubles(config: WatchConfig) -> Doubles:
    return Doubles(config)


def sight(name: str = "A", address: str = "double:5", **more: object) -> Sight:
    return Sight(name=name, address=address, **more)


def config(home: Path, **more: object) -> WatchConfig:
    return WatchConfig(detector="double", home=home, fps=FPS, **more)


SINCE = datetime(2026, 7, 1, 9, tzinfo=UTC)


def told(
    change: Change = Change.RAISED, at_s: float = 2.0, *, simulated: bool = False, **changes: object
) -> IncidentTold:
    """What a worker tells of an incident."""
    return IncidentTold(
        incident=incident(**changes),
        change=change,
        at=SINCE + timedelta(seconds=at_s),
        began_at=SINCE,
        by=BY,
        snapshot=Snapshot(file="kept/A_20260701T090002Z_1.jpg", sha256="a" * 64),
        simulated=simulated,
    )


def fault(change: Change = Change.RAISED, at_s: float = 5.0, **changes: object) -> HealthTold:
    """What a worker tells of an ailing camera."""
    event = HealthEvent(camera="A", kind=HealthKind.LOST, onset_s=4.0, cleared_s=None, detail="no answer")
    cleared_s = at_s if change is Change.CLEARED else None
    return HealthTold(
        event=replace(event, **{"cleared_s": cleared_s, **changes}),
        change=change,
        at=SINCE + timedelta(seconds=at_s),
        began_at=SINCE,
        simulated=False,
    )

"""Vehicles and their mean speed by lane and minute, as the traffic measurements that the rest of Haechi takes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.cctv.field import Field
from features.cctv.lanes import Lane, crossed, direction_name, off_px
from features.cctv.tracks import Track

FloatArray = npt.NDArray[np.float64]

_MINUTE_S = 60.0
_WATCHED_SHARE = 0.8
"""Of a minute: of one that was watched less, nothing is told; missing is never zero."""
_STEP_S = 3.0
"""A longer gap between pictures was not watched."""
_TRAVELS = 2.0
"""In heights of its box, before a vehicle counts whose lanes are not known."""
_SURE_KM_H = 15.0
"""Speeds less sure than that say nothing: farther away a pixel is metres."""
_OFF = 0.8
"""From a lane's middle, in widths of the box: farther off is another lane or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One lane or direction in one minute.

    Attributes:
        start_s: of the minute, on the camera's clock.
        entity_id: camera and lane, e.g. ``CAM-007/up 2``; camera and direction while no lanes are known.
        volume: vehicles that came by.
        speed_km_h: mean of the vehicles that were there, standing ones too; None without a ground plane or vehicle.
    """

    start_s: float
    entity_id: str
    volume: int
    speed_km_h: float | None

    def measurement(self, began: datetime) -> dict[str, datetime | str | int | float | None]:
        """A row of the long table; ``began``: aware, when the camera's clock was 0."""
        time = began + timedelta(seconds=self.start_s)
        return {"time": time, "entity_id": self.entity_id, "volume": self.volume, "speed_km_h": self.speed_km_h}


@dataclass(slots=True, kw_only=True)
class _Vehicle:
    """Where it began and was last, whether it was counted, and its speeds in this minute by lane."""

    start_px: FloatArray
    foot_px: FloatArray
    seen_s: float = 0.0
    counted: bool = False
    speeds_km_h: dict[str, list[float]] = field(default_factory=dict)


class Counts:
    """Of one camera.

    Args:
        camera: which.
        usual: what was learned of it: its lanes.
    """

    def __init__(self, camera: str, usual: Field) -> None:
        self.camera, self._usual = camera, usual
        self._vehicles: dict[int, _Vehicle] = {}
        self._volume: dict[str, int] = {}
        self._known: set[str] = set()
        self._minute_s: float | None = None
        self._now_s: float | None = None
        self._watched_s = 0.0

    def step(self, tracks: Sequence[Track], time_s: float) -> list[Count]:
        """Take in an instant later than any before; the counts of the minute that it ended, if any."""
        done = list[Count]()
        minute_s = time_s // _MINUTE_S * _MINUTE_S
        if self._minute_s is not None and minute_s > self._minute_s:
            done = self._told(self._minute_s)
            self._forget(time_s)
        step_s = 0.0 if self._now_s is None else time_s - self._now_s
        self._watched_s += min(step_s, time_s - minute_s) if step_s <= _STEP_S else 0.0
        self._minute_s, self._now_s = minute_s, time_s
        vehicles = [track for track in tracks if track.kind.is_vehicle]
        if vehicles:
            self._take(vehicles, time_s)
        return done

    def _take(self, tracks: list[Track], time_s: float) -> None:
        lanes = self._usual.lanes()
        ones = [
            self._vehicles.setdefault(track.track_id, _Vehicle(start_px=track.foot_px, foot_px=track.foot_px))
            for track in tracks
        ]
        places = _lanes_of(tracks, lanes) if lanes else [_direction(*pair) for pair in zip(tracks, ones, strict=True)]
        over = self._came_over(tracks, ones, lanes) if lanes else places
        for track, one, place, gate in zip(tracks, ones, places, over, strict=True):
            one.foot_px, one.seen_s = track.foot_px, time_s
            if place is not None:
                self._known.add(place)
                if track.speed_sd_km_h <= _SURE_KM_H and track.seen_s == time_s:
                    one.speeds_km_h.setdefault(place, []).append(track.speed_km_h)
            if gate is not None and not one.counted:
                self._count(one, gate)

    @staticmethod
    def _came_over(tracks: list[Track], ones: list[_Vehicle], lanes: list[Lane]) -> list[str | None]:
        """The lane over whose gate each came just now, or None."""
        was, now = np.stack([one.foot_px for one in ones]), np.stack([track.foot_px for track in tracks])
        over = crossed(lanes, was, now)
        return [lanes[int(row.argmax())].name if row.any() else None for row in over]

    def _count(self, one: _Vehicle, place: str) -> None:
        one.counted = True
        self._known.add(place)
        self._volume[place] = self._volume.get(place, 0) + 1

    def _told(self, start_s: float) -> list[Count]:
        if self._watched_s < _WATCHED_SHARE * _MINUTE_S:
            return []
        speeds: dict[str, list[float]] = {}
        for one in self._vehicles.values():
            for place, of_one in one.speeds_km_h.items():
                speeds.setdefault(place, []).append(float(np.mean(of_one)))
        return [
            Count(
                start_s=start_s,
                entity_id=f"{self.camera}/{place}",
                volume=self._volume.get(place, 0),
                speed_km_h=float(np.mean(speeds[place])) if place in speeds else None,
            )
            for place in sorted(self._known)
        ]

    def _forget(self, time_s: float) -> None:
        """The minute that is over, and who left; a lane stays known, with nobody in it."""
        self._volume, self._watched_s = {}, 0.0
        self._vehicles = {key: one for key, one in self._vehicles.items() if time_s - one.seen_s < _MINUTE_S}
        for one in self._vehicles.values():
            one.speeds_km_h = {}
        lanes = {lane.name for lane in self._usual.lanes()}
        # Directions give way to their lanes.
        self._known = {place for place in self._known if not lanes or place in lanes}


def _direction(track: Track, one: _Vehicle) -> str | None:
    """In which it has come so far; None: not far enough to tell."""
    way = track.foot_px - one.start_px
    far = float(np.hypot(*way)) >= _TRAVELS * float(track.xyxy_px[3] - track.xyxy_px[1])
    return direction_name(way) if far else None


def _lanes_of(tracks: list[Track], lanes: list[Lane]) -> list[str | None]:
    """The lane that each is in, or None; who drives is in none of another direction."""
    off = off_px(lanes, np.stack([track.foot_px for track in tracks]))
    stands = np.array([track.stands_since_s is not None for track in tracks])
    with_it = np.stack([track.velocity_px_s for track in tracks]) @ np.stack([lane.heading for lane in lanes]).T > 0
    off = np.where(stands[:, None] | with_it, off, np.inf)
    nearest = off.argmin(axis=1).tolist()
    width = [float(track.xyxy_px[2] - track.xyxy_px[0]) for track in tracks]
    return [lanes[lane].name if off[row, lane] <= _OFF * width[row] else None for row, lane in enumerate(nearest)]

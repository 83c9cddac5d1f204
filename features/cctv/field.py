"""What is usual before one camera: which way vehicles drive at each place, and how fast; learned from its traffic."""

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from features.cctv.lanes import Lane, Passage, lanes_of
from features.cctv.tracks import Track
from features.errors import BadInput

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.uint8]

_CELLS_ACROSS = 44
_SECTORS = 12
"""Into which directions fall; two ways that cross are told apart."""
_LEAST_TRACKS = 4
"""Of distinct vehicles one way: fewer say nothing of a place."""
_OTHERS = 0.2
"""Share of others up to which there is one way; one of them, who may drive the wrong way, never counts."""
_REMEMBERED = 300.0
"""Vehicles a place; with more, older ones count for half: a road that was rebuilt is learned anew."""
_WIDER = 0.55
"""Half a vehicle's width and its distance to the lane's edge, in widths of its box."""
_LEAST_STEP = 1.0
"""In cells: shorter ways have no direction."""
_TRAVELS = 1.0
"""In heights of its box, before it is believed that a vehicle drives."""
_TURNS = 0.5
"""Cosine between two steps of one vehicle, at least."""
_FORGET_S = 30.0
_PASSAGES = 400
"""So many latest are kept to tell lanes by."""
_LANES_FROM = 80
"""Passages, before lanes are told."""
_KEPT = ("tracks", "speed_px_s", "speed2_px_s", "direction", "passage_xy_px", "passage_of", "passage_width_px")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """From a foot to the next one, a unit vector that way, pixels a second, and the box's width."""

    start: FloatArray
    end: FloatArray
    heading: FloatArray
    speed: float
    width_px: float


@dataclass(slots=True, kw_only=True)
class _Driver:
    """A vehicle that is being learned from: where its step began, steps not yet believed, where it has been."""

    foot_px: FloatArray
    since_s: float
    seen_s: float
    heading: FloatArray | None = None
    pending: list[_Step] = field(default_factory=list)
    path: list[tuple[float, float, float]] = field(default_factory=list)
    visited: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What is usual at a place.

    Attributes:
        direction: (2,), unit vector in the picture.
        speed_px_s: mean.
        speed_sd_px_s: spread between vehicles.
        tracks: distinct vehicles that it is known from.
    """

    direction: FloatArray
    speed_px_s: float
    speed_sd_px_s: float
    tracks: float


class Field:
    """Cells of the picture, and in each what distinct vehicles did there, by the sector of their direction.

    Args:
        size_wh_px: of the picture.
    """

    def __init__(self, size_wh_px: tuple[int, int]) -> None:
        self.size_wh_px = size_wh_px
        self._cell_px = max(4.0, size_wh_px[0] / _CELLS_ACROSS)
        columns, rows = (int(np.ceil(side / self._cell_px)) for side in size_wh_px)
        self._shape = (rows, columns)
        cells = rows * columns
        self._tracks = np.zeros((cells, _SECTORS))
        self._speed, self._speed2 = np.zeros((cells, _SECTORS)), np.zeros((cells, _SECTORS))
        self._direction = np.zeros((cells, _SECTORS, 2))
        self._drivers: dict[int, _Driver] = {}
        self._passages: list[Passage] = []
        self._lanes: list[Lane] | None = None

    def learn(self, tracks: list[Track], time_s: float) -> None:
        """Take in who drives where, at an instant later than any before.

        Who stands, walks or is hidden teaches nothing.
        """
        for track in tracks:
            if track.kind.is_vehicle and track.seen_s == time_s:
                self._learn(track, time_s)
        over = [key for key, driver in self._drivers.items() if time_s - driver.seen_s > _FORGET_S]
        for key in over:
            self._remember(self._drivers.pop(key))

    def flow_at(self, foot_px: npt.ArrayLike) -> Flow | None:
        """What is usual there; None where too few have driven, where ways cross, and outside the picture."""
        cell = self._cell(np.asarray(foot_px, dtype=np.float64))
        if cell is None:
            return None
        tracks = self._tracks[cell]
        near = _near_the_most(tracks)
        count, total = tracks[near].sum(), tracks.sum()
        if count < _LEAST_TRACKS or total - count > max(1.0, _OTHERS * total):
            return None
        mean = self._speed[cell][near].sum() / count
        spread = self._speed2[cell][near].sum() / count - mean**2
        direction = self._direction[cell][near].sum(axis=0)
        return Flow(
            direction=direction / np.hypot(*direction),
            speed_px_s=float(mean),
            speed_sd_px_s=float(np.sqrt(max(spread, 0.0))),
            tracks=float(count),
        )

    def direction_at(self, foot_px: npt.ArrayLike) -> FloatArray | None:
        """(2,), the one way there, a unit vector in the picture; None where none is known."""
        flow = self.flow_at(foot_px)
        return None if flow is None else flow.direction

    def speed_at(self, foot_px: npt.ArrayLike) -> float | None:
        """Mean speed there, pixels a second; None where none is known."""
        flow = self.flow_at(foot_px)
        return None if flow is None else flow.speed_px_s

    def road_mask(self) -> Mask:
        """(height, width), 255 where vehicles drive, whichever way; 0 elsewhere."""
        driven = (self._tracks.sum(axis=1).reshape(self._shape) >= _LEAST_TRACKS).astype(np.uint8)
        # Between two lanes nobody drives, and it is road.
        closed = cv2.morphologyEx(cv2.copyMakeBorder(driven, 2, 2, 2, 2, cv2.BORDER_REPLICATE), cv2.MORPH_CLOSE, _NEAR)
        inner = closed[2:-2, 2:-2] * np.uint8(255)
        size = (round(self._shape[1] * self._cell_px), round(self._shape[0] * self._cell_px))
        smooth = cv2.resize(inner, size, interpolation=cv2.INTER_LINEAR)[: self.size_wh_px[1], : self.size_wh_px[0]]
        return np.asarray(np.where(smooth >= 128, 255, 0), dtype=np.uint8)

    def lanes(self) -> list[Lane]:
        """Those that enough vehicles have kept to; once known they stay, so that their names do."""
        if self._lanes is None and len(self._passages) >= _LANES_FROM:
            self._lanes = lanes_of(self._passages)
        return self._lanes or []

    def as_arrays(self) -> dict[str, npt.NDArray[np.float64]]:
        """All that was learned, to be kept; who is being learned from is not."""
        of = [np.full(len(one.xy_px), number) for number, one in enumerate(self._passages)]
        return {
            "tracks": self._tracks,
            "speed_px_s": self._speed,
            "speed2_px_s": self._speed2,
            "direction": self._direction,
            "passage_xy_px": np.concatenate([np.empty((0, 2)), *(one.xy_px for one in self._passages)]),
            "passage_of": np.concatenate([np.empty(0), *of]),
            "passage_width_px": np.concatenate([np.empty(0), *(one.width_px for one in self._passages)]),
        }

    @classmethod
    def from_arrays(cls, size_wh_px: tuple[int, int], arrays: dict[str, npt.NDArray[np.float64]]) -> "Field":
        """What ``as_arrays`` gave.

        Raises:
            BadInput: of another camera or not of a field.
        """
        made = cls(size_wh_px)
        cells = len(made._tracks)
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(_KEPT[:3], (cells, _SECTORS))
        shapes["direction"] = (cells, _SECTORS, 2)
        wrong = [name for name in _KEPT if name not in arrays]
        wrong += [name for name, shape in shapes.items() if name in arrays and arrays[name].shape != shape]
        if wrong:
            raise BadInput(
                cause=f"The field that was kept does not suit pictures of {size_wh_px} pixels: {', '.join(wrong)}",
                mend="Remove it; it is learned anew within minutes",
            )
        made._tracks, made._direction = arrays["tracks"].copy(), arrays["direction"].copy()
        made._speed, made._speed2 = arrays["speed_px_s"].copy(), arrays["speed2_px_s"].copy()
        of = arrays["passage_of"]
        for number in np.unique(of).tolist():
            mine = of == number
            way, width = arrays["passage_xy_px"][mine], arrays["passage_width_px"][mine]
            made._passages.append(Passage(xy_px=way, width_px=width))
        return made

    def _cell(self, foot_px: FloatArray) -> int | None:
        column, row = np.floor(foot_px / self._cell_px)
        if not (0 <= row < self._shape[0] and 0 <= column < self._shape[1]):
            return None
        return int(row) * self._shape[1] + int(column)

    def _learn(self, track: Track, time_s: float) -> None:
        driver = self._drivers.get(track.track_id)
        width, height = (float(side) for side in track.xyxy_px[2:] - track.xyxy_px[:2])
        if driver is None:
            driver = self._drivers[track.track_id] = _Driver(foot_px=track.foot_px, since_s=time_s, seen_s=time_s)
        driver.seen_s = time_s
        way = track.foot_px - driver.foot_px
        far = float(np.hypot(*way))
        if track.stands_since_s is not None:
            driver.foot_px, driver.since_s = track.foot_px, time_s
            return
        if far < _LEAST_STEP * self._cell_px:
            return
        step = _Step(
            start=driver.foot_px,
            end=track.foot_px,
            heading=way / far,
            speed=far / (time_s - driver.since_s),
            width_px=width,
        )
        driver.foot_px, driver.since_s = track.foot_px, time_s
        # Who turns round within a step is two vehicles under one identity.
        if driver.heading is not None and driver.heading @ step.heading < _TURNS:
            driver.pending.clear()
        driver.heading = step.heading
        driver.pending.append(step)
        if len(driver.pending) > 1 or driver.path:
            driver.path.append((*track.foot_px.tolist(), width))
        if driver.path and track.travelled_px >= _TRAVELS * height:
            for one in driver.pending:
                self._write(driver, one)
            driver.pending.clear()

    def _write(self, driver: _Driver, step: _Step) -> None:
        """A step into all cells that the vehicle passes over and was not in before."""
        start, end, heading, speed = step.start, step.end, step.heading, step.speed
        along = np.linspace(0, 1, 2 + int(2 * np.hypot(*(end - start)) / self._cell_px))
        half = _WIDER * step.width_px
        across = np.linspace(-half, half, 2 + int(4 * half / self._cell_px))
        points = (start + along[:, None] * (end - start))[:, None] + np.stack([across, 0 * across], axis=1)
        columns, rows = np.moveaxis(np.floor(points / self._cell_px).astype(np.int64), -1, 0)
        inside = (columns >= 0) & (columns < self._shape[1]) & (rows >= 0) & (rows < self._shape[0])
        fresh = set((rows * self._shape[1] + columns)[inside].tolist()) - driver.visited
        if not fresh:
            return
        driver.visited |= fresh
        cells = np.array(sorted(fresh))
        sector = int(np.arctan2(heading[1], heading[0]) / (2 * np.pi) * _SECTORS // 1) % _SECTORS
        self._tracks[cells, sector] += 1
        self._speed[cells, sector] += speed
        self._speed2[cells, sector] += speed**2
        self._direction[cells, sector] += heading
        full = cells[self._tracks[cells].sum(axis=1) > _REMEMBERED]
        for table in (self._tracks, self._speed, self._speed2, self._direction):
            table[full] /= 2

    def _remember(self, driver: _Driver) -> None:
        """Somebody's whole way, to tell lanes by."""
        if len(driver.path) >= 3:
            path = np.array(driver.path)
            self._passages.append(Passage(xy_px=path[:, :2], width_px=path[:, 2]))
            self._passages = self._passages[-_PASSAGES:]


_NEAR = np.ones((3, 3), dtype=np.uint8)


def _near_the_most(tracks: FloatArray) -> npt.NDArray[np.int64]:
    """(3,), the three neighbouring sectors into which most fall."""
    three = tracks + np.roll(tracks, 1) + np.roll(tracks, -1)
    return (int(three.argmax()) + np.array([-1, 0, 1])) % _SECTORS

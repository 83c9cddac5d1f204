"""Lanes, from the ways that vehicles took: first by direction, then by where they cross a line across it."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_ALIKE = 0.7
"""Cosine between ways of one direction."""
_LEAST_SHARE, _LEAST_PASSAGES = 0.06, 6
"""Of a direction's vehicles, in what is a lane of it."""
_BANDWIDTH = 0.22
"""Of the density across a direction, in widths of a vehicle."""
_POINTS = 12
"""Of a lane's middle."""
_NAMES = ("right", "down", "left", "up")
"""Of directions in the picture, a quarter turn each, from the right clockwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A vehicle's way through the picture.

    Attributes:
        xy_px: (k, 2), where its foot was, in time's order; three or more.
        width_px: (k,), of its box there.
    """

    xy_px: FloatArray
    width_px: FloatArray

    @property
    def heading(self) -> FloatArray:
        """(2,), unit vector from its first to its last point."""
        way = self.xy_px[-1] - self.xy_px[0]
        return np.asarray(way / max(float(np.hypot(*way)), 1e-9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Where vehicles keep to.

    Attributes:
        name: its direction in the picture and its number from the left, e.g. ``up 2``.
        points_px: (12, 2), its middle, in the direction of driving.
        heading: (2,), unit vector of its direction in the picture.
        gate_px: (2, 2), two ends of a line across it, on which vehicles are counted.
        passages: vehicles that it was learned from.
    """

    name: str
    points_px: FloatArray
    heading: FloatArray
    gate_px: FloatArray
    passages: int


def off_px(lanes: list[Lane], feet_px: FloatArray) -> FloatArray:
    """(foot, lane): how far each foot (n, 2) is from the middle of each lane."""
    points = np.stack([lane.points_px for lane in lanes])
    start, way = points[:, :-1], np.diff(points, axis=1)
    away = feet_px[:, None, None] - start
    along = (away * way).sum(axis=-1) / np.maximum((way**2).sum(axis=-1), 1e-9)
    rest = away - along.clip(0, 1)[..., None] * way
    return np.asarray(np.hypot(rest[..., 0], rest[..., 1]).min(axis=-1))


def crossed(lanes: list[Lane], was_px: FloatArray, now_px: FloatArray) -> npt.NDArray[np.bool_]:
    """(foot, lane): whether feet that went from (n, 2) to (n, 2) came over each lane's gate, as the lane is driven."""
    left = np.stack([lane.gate_px[0] for lane in lanes])
    gate = np.stack([lane.gate_px[1] for lane in lanes]) - left
    way = now_px - was_px
    before, after = (
        gate[:, 0] * (feet[:, None] - left)[..., 1] - gate[:, 1] * (feet[:, None] - left)[..., 0]
        for feet in (was_px, now_px)
    )
    passes = (before * after <= 0) & (before != after) & (way @ np.stack([lane.heading for lane in lanes]).T > 0)
    share = before / np.where(before != after, before - after, 1.0)
    at = ((was_px[:, None] + share[..., None] * way[:, None] - left) * gate).sum(axis=-1)
    return np.asarray(passes & (at >= 0) & (at < (gate**2).sum(axis=-1)))


def direction_name(heading: FloatArray) -> str:
    """Of a direction in the picture.

    >>> direction_name(np.array([0.3, -0.9]))
    'up'
    """
    return _NAMES[int(np.round(np.arctan2(heading[1], heading[0]) / (np.pi / 2))) % 4]


def lanes_of(passages: list[Passage]) -> list[Lane]:
    """Those that enough vehicles kept to, in order of name."""
    rest, found = list(passages), list[Lane]()
    while rest:
        headings = np.array([one.heading for one in rest])
        alike = headings @ headings.T >= _ALIKE
        leader = int(alike.sum(axis=1).argmax())
        same = [one for one, is_alike in zip(rest, alike[leader], strict=True) if is_alike]
        rest = [one for one, is_alike in zip(rest, alike[leader], strict=True) if not is_alike]
        if len(same) >= _LEAST_PASSAGES:
            found += _across(same, {lane.name.split()[0] for lane in found})
    return sorted(found, key=lambda lane: lane.name)


def _across(passages: list[Passage], taken: set[str]) -> list[Lane]:
    """Lanes of one direction, cut where fewest drive between them."""
    heading = np.mean([one.heading for one in passages], axis=0)
    heading /= np.hypot(*heading)
    side = np.array([-heading[1], heading[0]])
    alongs = [one.xy_px @ heading for one in passages]
    at = _busiest(alongs)
    ways = list(zip(passages, alongs, strict=True))
    cross = np.array([_at(one.xy_px @ side, along, at) for one, along in ways])
    here = np.isfinite(cross)
    width = float(np.nanmedian([_at(one.width_px, along, at) for one, along in ways]))
    edges = _valleys(cross[here], _BANDWIDTH * width)
    name = direction_name(heading)
    while name in taken:
        name += "'"
    found = []
    for low, high in pairwise(edges.tolist()):
        mine = [one for one, where in zip(passages, cross.tolist(), strict=True) if low <= where < high]
        if len(mine) < max(_LEAST_PASSAGES, _LEAST_SHARE * here.sum()):
            continue
        # The outermost lanes end where their vehicles do.
        ends = np.array([max(low, cross[here].min() - width / 2), min(high, cross[here].max() + width / 2)])
        gate = heading * at + ends[:, None] * side
        found.append((float(gate.mean(axis=0) @ [1.0, 0.1]), mine, gate))
    lanes = []
    for number, (_, mine, gate) in enumerate(sorted(found, key=lambda one: one[0]), start=1):
        points = _middle(mine, heading, side)
        lanes.append(Lane(name=f"{name} {number}", points_px=points, heading=heading, gate_px=gate, passages=len(mine)))
    return lanes


def _busiest(alongs: list[FloatArray]) -> float:
    """Where along the direction most are seen; of several such places the one in their middle."""
    starts, ends = np.array([one.min() for one in alongs]), np.array([one.max() for one in alongs])
    places = np.linspace(starts.min(), ends.max(), 60)
    seen = ((starts[:, None] <= places) & (ends[:, None] >= places)).sum(axis=0)
    return float(np.median(places[seen >= 0.95 * seen.max()]))


def _at(values: FloatArray, along: FloatArray, at: float) -> float:
    """Values of a way (k,), between its points; NaN where it does not come by."""
    if not along.min() <= at <= along.max():
        return np.nan
    order = np.argsort(along)
    return float(np.interp(at, along[order], values[order]))


def _valleys(cross: FloatArray, bandwidth_px: float) -> FloatArray:
    """Edges between heaps of numbers: infinite, where the density between two peaks is least, infinite."""
    grid = np.linspace(cross.min() - bandwidth_px, cross.max() + bandwidth_px, 200)
    density = np.exp(-(((grid[:, None] - cross) / bandwidth_px) ** 2) / 2).sum(axis=1)
    least = (density[1:-1] < density[:-2]) & (density[1:-1] <= density[2:])
    return np.concatenate([[-np.inf], grid[1:-1][least], [np.inf]])


def _middle(passages: list[Passage], heading: FloatArray, side: FloatArray) -> FloatArray:
    """(12, 2), medians of where they were, by how far along they were."""
    points = np.concatenate([one.xy_px for one in passages])
    along, across = points @ heading, points @ side
    first, last = np.quantile(along, [0.02, 0.98]).tolist()
    edges = np.linspace(first, last, _POINTS + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    bins = [(along >= low) & (along < high) for low, high in pairwise(edges.tolist())]
    known = np.array([mine.sum() >= 3 for mine in bins])
    medians = [np.median(across[mine]) for mine in bins if mine.sum() >= 3] or [np.median(across)]
    offset = np.interp(middles, middles[known] if known.any() else middles[:1], medians)
    return np.asarray(middles[:, None] * heading + offset[:, None] * side)

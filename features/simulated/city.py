"""The roads of the simulated Seoul: 200 links in 25 districts, each counted in both directions.

The city itself is the same for every seed; what happens in it is not.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
import numpy.typing as npt

from features.geo import DISTRICTS, District, distance_km, nearest_district
from features.simulated.chance import Stream, generator

_LAYOUT_SEED = 0


class RoadClass(StrEnum):
    """What kind of road a link is."""

    EXPRESSWAY = "expressway"
    ARTERIAL = "arterial"
    COLLECTOR = "collector"


_KOREAN = {RoadClass.EXPRESSWAY: "도시고속도로", RoadClass.ARTERIAL: "간선도로", RoadClass.COLLECTOR: "집산도로"}
_LANES = {RoadClass.EXPRESSWAY: (3, 4), RoadClass.ARTERIAL: (2, 4), RoadClass.COLLECTOR: (1, 2)}
_LANE_CAPACITY_VEH_H = {RoadClass.EXPRESSWAY: 2100, RoadClass.ARTERIAL: 1050, RoadClass.COLLECTOR: 850}
# One expressway, four arterials, three collectors in every district.
_CLASSES = (RoadClass.EXPRESSWAY, *[RoadClass.ARTERIAL] * 4, *[RoadClass.COLLECTOR] * 3)
_KM_PER_DEGREE = 111.195


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One direction of one stretch of road: a series of the traffic table.

    Attributes:
        entity_id: e.g. ``Jongno-1/in``; ``in`` runs towards the city's centre.
        name: Korean and English, marked as simulated.
        lat: degrees north.
        lon: degrees east.
        district: English name of the district it lies in.
        road_class: kind of road.
        capacity_veh_h: vehicles an hour that it can carry, all lanes.
        busy: mean volume as a share of capacity, in (0, 1).
        peak_shift_h: how much later than the city's its peaks come, hours.
        commuting: strength of its commuting peaks, 1 = usual.
    """

    entity_id: str
    name: str
    lat: float
    lon: float
    district: str
    road_class: RoadClass
    capacity_veh_h: int
    busy: float
    peak_shift_h: float
    commuting: float

    @property
    def inbound(self) -> bool:
        """Whether it runs towards the centre."""
        return self.entity_id.endswith("/in")


@cache
def links() -> tuple[Link, ...]:
    """All 400 directed links, in the order of the traffic table's rows within an hour.

    >>> len(links()), links()[0].entity_id
    (400, 'Jongno-1/in')
    """
    return tuple(
        link
        for place, district in enumerate(DISTRICTS)
        for number, road_class in enumerate(_CLASSES, start=1)
        for link in _both_directions(district, place, number, road_class)
    )


@cache
def detours() -> npt.NDArray[np.intp]:
    """For each directed link, the two nearest others of the same direction: where its drivers turn to.

    Returns:
        (link, 2), indices into ``links()``.
    """
    lat = np.array([link.lat for link in links()])
    lon = np.array([link.lon for link in links()])
    inbound = np.array([link.inbound for link in links()])
    apart_km = distance_km(lat[:, None], lon[:, None], lat[None], lon[None])
    apart_km[inbound[:, None] != inbound[None]] = np.inf
    np.fill_diagonal(apart_km, np.inf)
    return apart_km.argsort(axis=1, kind="stable")[:, :2]


def _both_directions(district: District, place: int, number: int, road_class: RoadClass) -> list[Link]:
    chance = generator(_LAYOUT_SEED, Stream.CITY_LAYOUT, place * len(_CLASSES) + number)
    lat, lon = _position(district, (number - 1) / len(_CLASSES), float(chance.uniform(0.4, 1.0)))
    lanes = int(chance.integers(*_LANES[road_class], endpoint=True))
    short = district.name_en.removesuffix("-gu")
    made = []
    for direction, korean in (("in", "도심 방향"), ("out", "외곽 방향")):
        made.append(
            Link(
                entity_id=f"{short}-{number}/{direction}",
                name=f"{district.name_ko} {_KOREAN[road_class]} {number} {korean} (모의) / "
                f"{short} {road_class} {number} {direction}bound (simulated)",
                lat=lat,
                lon=lon,
                district=nearest_district(lat, lon).name_en,
                road_class=road_class,
                capacity_veh_h=lanes * _LANE_CAPACITY_VEH_H[road_class],
                busy=float(chance.uniform(0.41, 0.63)),
                peak_shift_h=float(chance.normal(0, 0.35)),
                commuting=float(chance.uniform(0.6, 1.4)),
            )
        )
    return made


def _position(district: District, turn: float, reach: float) -> tuple[float, float]:
    """A place around the office, less than half way to the next one: so it is nearest to its own."""
    to_others_km = [
        float(distance_km(district.lat, district.lon, other.lat, other.lon)) for other in DISTRICTS if other != district
    ]
    away_km = 0.45 * min(to_others_km) * reach
    north_km, east_km = away_km * np.cos(2 * np.pi * turn), away_km * np.sin(2 * np.pi * turn)
    lat = district.lat + north_km / _KM_PER_DEGREE
    lon = district.lon + east_km / (_KM_PER_DEGREE * np.cos(np.radians(district.lat)))
    return round(float(lat), 5), round(float(lon), 5)

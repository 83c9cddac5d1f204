"""Where the simulated Seoul parks: garages at its centres, bays along their streets, residents' bays in its quarters.

Like the roads, the lots are the same for every seed. They stand at real places; all else is made up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
import numpy.typing as npt

from features.geo import distance_km, nearest_district
from features.simulated.chance import Stream, generator
from features.simulated.city import links

_LAYOUT_SEED = 0
_NEAR_LINKS = 4
# About 150 m: round the corner.
_CORNER_DEG = 0.0014


class LotKind(StrEnum):
    """Who parks there."""

    GARAGE = "garage"
    ON_STREET = "on-street"
    RESIDENT = "resident"


_KOREAN = {LotKind.GARAGE: "주차장", LotKind.ON_STREET: "노상주차장", LotKind.RESIDENT: "거주자우선주차"}
_ENGLISH = {LotKind.GARAGE: "garage", LotKind.ON_STREET: "street bays", LotKind.RESIDENT: "resident bays"}
_FEWEST_MOST = {LotKind.GARAGE: (120, 900), LotKind.ON_STREET: (18, 60), LotKind.RESIDENT: (24, 90)}
# Korean, English, latitude, longitude, and what a usual workday brings at its height as a share of a garage's capacity:
# those who work there, and those who shop or eat there.
_CENTRES = (
    ("광화문", "Gwanghwamun", 37.5720, 126.9769, 0.72, 0.22),
    ("종로3가", "Jongno 3-ga", 37.5704, 126.9921, 0.40, 0.45),
    ("명동", "Myeong-dong", 37.5636, 126.9850, 0.30, 0.58),
    ("동대문", "Dongdaemun", 37.5665, 127.0090, 0.20, 0.62),
    ("용산역", "Yongsan station", 37.5299, 126.9648, 0.35, 0.50),
    ("왕십리", "Wangsimni", 37.5613, 127.0370, 0.20, 0.56),
    ("이태원", "Itaewon", 37.5345, 126.9946, 0.15, 0.60),
    ("성수", "Seongsu", 37.5446, 127.0557, 0.55, 0.35),
    ("건대입구", "Konkuk univ.", 37.5404, 127.0692, 0.20, 0.58),
    ("청량리", "Cheongnyangni", 37.5801, 127.0470, 0.22, 0.55),
    ("노원역", "Nowon station", 37.6550, 127.0614, 0.18, 0.55),
    ("연신내", "Yeonsinnae", 37.6190, 126.9210, 0.15, 0.52),
    ("홍대입구", "Hongdae", 37.5572, 126.9245, 0.18, 0.62),
    ("상암", "Sangam", 37.5770, 126.8920, 0.70, 0.14),
    ("목동", "Mok-dong", 37.5263, 126.8755, 0.35, 0.45),
    ("마곡", "Magok", 37.5602, 126.8270, 0.75, 0.12),
    ("구로디지털단지", "Guro digital park", 37.4852, 126.9015, 0.78, 0.14),
    ("여의도", "Yeouido", 37.5216, 126.9243, 0.76, 0.18),
    ("영등포", "Yeongdeungpo", 37.5157, 126.9077, 0.18, 0.62),
    ("강남역", "Gangnam station", 37.4979, 127.0276, 0.60, 0.36),
    ("코엑스", "COEX", 37.5118, 127.0592, 0.45, 0.42),
    ("잠실", "Jamsil", 37.5133, 127.1001, 0.25, 0.58),
    ("천호", "Cheonho", 37.5386, 127.1237, 0.18, 0.55),
)
# Of these centres, those with bays along their streets.
_STREETS = (0, 1, 3, 6, 7, 8, 9, 10, 11, 12, 14, 18, 19, 20, 21)
_QUARTERS = (
    ("혜화동", "Hyehwa-dong", 37.5860, 127.0010),
    ("신당동", "Sindang-dong", 37.5610, 127.0150),
    ("옥수동", "Oksu-dong", 37.5430, 127.0150),
    ("중곡동", "Junggok-dong", 37.5600, 127.0850),
    ("면목동", "Myeonmok-dong", 37.5890, 127.0870),
    ("길음동", "Gireum-dong", 37.6040, 127.0220),
    ("수유동", "Suyu-dong", 37.6380, 127.0200),
    ("방학동", "Banghak-dong", 37.6660, 127.0400),
    ("상계동", "Sanggye-dong", 37.6640, 127.0650),
    ("응암동", "Eungam-dong", 37.5950, 126.9190),
    ("홍제동", "Hongje-dong", 37.5880, 126.9440),
    ("망원동", "Mangwon-dong", 37.5560, 126.9050),
    ("신정동", "Sinjeong-dong", 37.5180, 126.8560),
    ("화곡동", "Hwagok-dong", 37.5410, 126.8400),
    ("개봉동", "Gaebong-dong", 37.4930, 126.8560),
    ("독산동", "Doksan-dong", 37.4700, 126.8960),
    ("상도동", "Sangdo-dong", 37.5020, 126.9470),
    ("신림동", "Sillim-dong", 37.4840, 126.9290),
    ("방배동", "Bangbae-dong", 37.4830, 126.9940),
    ("석촌동", "Seokchon-dong", 37.5030, 127.1060),
    ("암사동", "Amsa-dong", 37.5500, 127.1300),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """One car park: a series of the parking table.

    Attributes:
        entity_id: e.g. ``Jamsil-garage``.
        name: Korean and English, marked as simulated.
        lat: degrees north.
        lon: degrees east.
        capacity: bays.
        kind: who parks there.
        city: English name of the district it lies in.
        ev_bays: bays with a charger, of ``capacity``.
        disabled_bays: bays for disabled drivers, of ``capacity``.
        max_height_m: of a vehicle; None in the open air.
        settled: share of the bays that is taken whoever comes: subscribers, residents.
        daily: share of the bays that those who work take (of residents' bays: leave) at a usual workday's height.
        passing: the same of those who shop, eat or run an errand.
    """

    entity_id: str
    name: str
    lat: float
    lon: float
    capacity: int
    kind: LotKind
    city: str
    ev_bays: int
    disabled_bays: int
    max_height_m: float | None
    settled: float
    daily: float
    passing: float


@cache
def lots() -> tuple[Lot, ...]:
    """All lots, in the order of the parking table's rows within an hour.

    >>> len(lots()), lots()[0].entity_id
    (59, 'Gwanghwamun-garage')
    """
    return tuple(_laid_out())


@cache
def links_near() -> npt.NDArray[np.intp]:
    """The links by which a lot is reached: the nearest that run inwards; of bays along a street, all that pass.

    Returns:
        (lot, 4), indices into ``links()``.
    """
    lat, lon = (np.array([getattr(lot, name) for lot in lots()]) for name in ("lat", "lon"))
    link_lat, link_lon = (np.array([getattr(link, name) for link in links()]) for name in ("lat", "lon"))
    apart_km = distance_km(lat[:, None], lon[:, None], link_lat[None], link_lon[None])
    outbound = np.array([not link.inbound for link in links()])
    on_street = np.array([lot.kind is LotKind.ON_STREET for lot in lots()])
    apart_km[~on_street[:, None] & outbound] = np.inf
    return apart_km.argsort(axis=1, kind="stable")[:, :_NEAR_LINKS]


def _laid_out() -> Iterator[Lot]:
    chance = generator(_LAYOUT_SEED, Stream.PARKING_LAYOUT, 0)
    for korean, english, lat, lon, daily, passing in _CENTRES:
        settled = float(chance.uniform(0.03, 0.10))
        yield _lot(chance, LotKind.GARAGE, (korean, english), (lat, lon), (settled, daily, passing))
    for number in _STREETS:
        korean, english, lat, lon = _CENTRES[number][:4]
        shares = float(chance.uniform(0.04, 0.20)), 0.0, float(chance.uniform(0.55, 0.85))
        yield _lot(chance, LotKind.ON_STREET, (korean, english), (lat, lon), shares)
    for korean, english, lat, lon in _QUARTERS:
        shares = float(chance.uniform(0.93, 1.03)), float(chance.uniform(0.38, 0.62)), float(chance.uniform(0.08, 0.2))
        yield _lot(chance, LotKind.RESIDENT, (korean, english), (lat, lon), shares)


def _lot(
    chance: np.random.Generator,
    kind: LotKind,
    names: tuple[str, str],
    centre: tuple[float, float],
    shares: tuple[float, float, float],
) -> Lot:
    korean, english = names
    lat, lon = (round(float(degrees + chance.uniform(-_CORNER_DEG, _CORNER_DEG)), 5) for degrees in centre)
    capacity = int(chance.integers(*_FEWEST_MOST[kind], endpoint=True))
    height_m = round(float(chance.choice([2.1, 2.2, 2.3])), 1)
    short = english.replace(" ", "-").removesuffix(".")
    garage = kind is LotKind.GARAGE
    return Lot(
        entity_id=f"{short}-{_ENGLISH[kind].split()[0]}",
        name=f"{korean} {_KOREAN[kind]} (모의) / {english} {_ENGLISH[kind]} (simulated)",
        lat=lat,
        lon=lon,
        capacity=capacity,
        kind=kind,
        city=nearest_district(lat, lon).name_en,
        ev_bays=round(0.05 * capacity) if garage else 0,
        disabled_bays=0 if kind is LotKind.RESIDENT else round(0.03 * capacity),
        max_height_m=height_m if garage else None,
        settled=shares[0],
        daily=shares[1],
        passing=shares[2],
    )

"""Matches, concerts and fairs: announced, and they fill the garages around them, drive in before and out after."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from features.geo import distance_km
from features.simulated.chance import Stream
from features.simulated.events import DAY_H, Blocks, Event, Kind, drawn
from features.simulated.hours import KST_OFFSET_H
from features.simulated.lots import LotKind, lots

FloatArray = npt.NDArray[np.float64]

_GATHERINGS = Blocks(stream=Stream.GATHERING, block_h=DAY_H, longest_h=4)
_DRIVE_IN_H, _DRIVE_OUT_H = 2.0, 1.0
_WALK_KM = 1.5
_LIKELY_WORKDAY, _LIKELY_WEEKEND = 0.05, 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """Where people gather.

    Attributes:
        name: Korean and English, marked as simulated.
        lat: degrees north, WGS84.
        lon: degrees east, WGS84.
    """

    name: str
    lat: float
    lon: float


def _venue(korean: str, english: str, lat: float, lon: float) -> Venue:
    return Venue(name=f"{korean} (모의) / {english} (simulated)", lat=lat, lon=lon)


VENUES = (
    _venue("광화문광장", "Gwanghwamun square", 37.5725, 126.9769),
    _venue("동대문디자인플라자", "Dongdaemun design plaza", 37.5669, 127.0094),
    _venue("서울월드컵경기장", "World Cup stadium", 37.5683, 126.8972),
    _venue("여의도 한강공원", "Yeouido park", 37.5284, 126.9327),
    _venue("코엑스 전시장", "COEX halls", 37.5126, 127.0588),
    _venue("올림픽공원 체조경기장", "Olympic park arena", 37.5190, 127.1127),
)


def gatherings(seed: int, hours: range) -> Iterator[Event]:
    """Gatherings that touch a run of hours since 1970-01-01T00Z: an evening of the week, an afternoon at its end."""

    def draw(chance: np.random.Generator, first_h: float) -> Iterator[Event]:
        dice, onset, length, share = chance.random((4, len(VENUES)))
        # A block is a UTC day: it ends at 9 in the morning in Seoul, and no gathering starts before noon.
        weekend = int(first_h // DAY_H + 3) % 7 >= 5
        first_kst, last_kst = (13.0, 17.0) if weekend else (18.0, 19.5)
        for venue in np.flatnonzero(dice < (_LIKELY_WEEKEND if weekend else _LIKELY_WORKDAY)).tolist():
            onset_h = first_h + first_kst - KST_OFFSET_H + float(onset[venue]) * (last_kst - first_kst)
            end_h = onset_h + 2 + (_GATHERINGS.longest_h - 2) * float(length[venue])
            bays = sum(lots()[lot].capacity for lot in garages_near()[venue])
            cars = round((0.35 + 0.5 * float(share[venue])) * bays)
            yield Event(kind=Kind.GATHERING, onset_h=onset_h, end_h=end_h, size=cars, venue=venue)

    return drawn(seed, hours, _GATHERINGS, draw)


def gathered_cars(seed: int, hours: range) -> FloatArray:
    """Cars that gatherings bring to each lot, at the instant at which each hour starts.

    Returns:
        (hour, lot), cars that look for a bay.
    """
    instant = np.arange(hours.start, hours.stop, dtype=np.float64)
    cars = np.zeros((len(hours), len(lots())))
    for event in gatherings(seed, range(hours.start - int(_DRIVE_OUT_H), hours.stop + int(_DRIVE_IN_H))):
        came = ((instant - event.onset_h + _DRIVE_IN_H) / _DRIVE_IN_H).clip(0, 1)
        left = ((instant - event.end_h) / _DRIVE_OUT_H).clip(0, 1)
        near = list(garages_near()[event.venue or 0])
        bays = np.array([lots()[lot].capacity for lot in near], dtype=np.float64)
        cars[:, near] += (came - left)[:, None] * event.size * bays / bays.sum()
    return cars


@cache
def garages_near() -> tuple[tuple[int, ...], ...]:
    """For each venue, the garages within a walk of it: indices into ``lots()``, at least one."""
    near = []
    for venue in VENUES:
        apart_km = distance_km(
            venue.lat, venue.lon, np.array([lot.lat for lot in lots()]), np.array([lot.lon for lot in lots()])
        )
        apart_km[[lot.kind is not LotKind.GARAGE for lot in lots()]] = np.inf
        near.append(tuple(np.flatnonzero(apart_km < _WALK_KM).tolist()))
    return tuple(near)

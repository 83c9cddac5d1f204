"""Which lots near a destination cost least trouble, and why: pure, and the same whatever order the lots come in."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.geo import distance_km
from features.parking.lots import Lots
from serving.alerts.words import Words
from serving.values import percent

SEARCH_MIN = 15.0
"""What a full lot is taken to cost: of 16 studies the longest mean search was 14 minutes, 8 on average (Shoup 2006,
'Cruising for parking', Transport Policy 13); whoever stands before a barrier must turn around first."""

_DETOUR = 1.3
"""Walked metres per metre as the crow flies: 1.2 to 1.4 in street grids of cities."""
_WALK_M_PER_MIN = 1.2 * 60
"""1.2 m/s, at which crossings and stations are usually designed (4 ft/s, MUTCD)."""

NEEDS = {
    "height_m": Words(ko="높이 제한", en="the height limit"),
    "ev": Words(ko="충전기", en="chargers"),
    "disabled": Words(ko="장애인 구역", en="bays for disabled people"),
}
"""What may be asked for, as it is missing from what is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a lot must offer; None and False: nothing is asked for.

    Attributes:
        height_m: of the vehicle.
        ev: a charger.
        disabled: a bay for people with a disability.
    """

    height_m: float | None = None
    ev: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One lot as a traveller weighs it.

    Attributes:
        entity_id: of the lot.
        walk_m: on foot from it to the destination.
        chance: of finding a space at arrival; None: nobody knows.
        unknown: of ``NEEDS``, what nobody knows of it.
    """

    entity_id: str
    walk_m: float
    chance: float | None
    unknown: tuple[str, ...] = ()

    @property
    def walk_min(self) -> float:
        """Minutes on foot."""
        return self.walk_m / _WALK_M_PER_MIN

    @property
    def expected_min(self) -> float | None:
        """Minutes on foot and, as likely as it is full, of searching elsewhere; None: nobody knows."""
        return None if self.chance is None else self.walk_min + (1 - self.chance) * SEARCH_MIN

    @property
    def reason(self) -> Words:
        """Why it stands where it does."""
        walk = f"{self.walk_min:.0f}"
        if self.chance is None or self.expected_min is None:
            ko, en = f"도보 {walk}분, 빈자리는 알 수 없음", f"{walk} min on foot; nobody knows whether it has space"
        else:
            chance, expected = percent(self.chance), f"{self.expected_min:.0f}"
            ko = f"빈자리 확률 {chance}, 도보 {walk}분; 만차면 다시 찾을 시간까지 약 {expected}분"
            en = f"{chance} chance of a space, {walk} min on foot; about {expected} min in all, with the search if full"
        if self.unknown:
            ko += f"; {', '.join(NEEDS[name].ko for name in self.unknown)} 정보 없음"
            en += f"; not known: {', '.join(NEEDS[name].en for name in self.unknown)}"
        return Words(ko=ko, en=en)


def ranked(choices: Iterable[Choice]) -> list[Choice]:
    """The least expected minutes first; behind them what nobody knows whether it fits, or has space.

    Of two alike the nearer comes first, then the one whose id does: the order is the same however they came.

    >>> far, near = Choice(entity_id="far", walk_m=720, chance=1.0), Choice(entity_id="near", walk_m=72, chance=0.2)
    >>> [one.entity_id for one in ranked([near, far])]
    ['far', 'near']
    """

    def trouble(one: Choice) -> tuple[bool, bool, float, float, str]:
        expected = one.expected_min
        # Rounded: what differs by the last bit of a sine is alike.
        minutes = 0.0 if expected is None else round(expected, 3)
        return bool(one.unknown), expected is None, minutes, round(one.walk_m, 1), one.entity_id

    return sorted(choices, key=trouble)


def walks_m(lots: Lots, lat: float, lon: float) -> npt.NDArray[np.float64]:
    """(lot,): metres on foot to a destination in degrees; NaN of a lot of which nobody knows where it is."""
    found: npt.NDArray[np.float64] = distance_km(lots.lat.astype(np.float64), lots.lon.astype(np.float64), lat, lon) * (
        1000 * _DETOUR
    )
    return found


def crow_km(walk_m: float) -> float:
    """Kilometres as the crow flies that ``walks_m`` took for so many metres on foot."""
    return walk_m / (1000 * _DETOUR)


def unmet(lots: Lots, lot: int, needs: Needs) -> tuple[bool, tuple[str, ...]]:
    """Whether a lot is known not to fit, and of what nobody knows whether it does."""
    # A lot that nothing can enter is one whose limit nobody wrote down.
    limit_m = float(lots.max_height_m[lot]) or float("nan")
    asked = {
        "height_m": (needs.height_m is not None, limit_m, needs.height_m or 0.0),
        "ev": (needs.ev, float(lots.ev_bays[lot]), 1.0),
        "disabled": (needs.disabled, float(lots.disabled_bays[lot]), 1.0),
    }
    wanted = {name: (has, least) for name, (is_asked, has, least) in asked.items() if is_asked}
    # Heights are float32: a limit of 2.1 m lets 2.1 m through.
    fails = any(has < least - 1e-4 for has, least in wanted.values())
    return fails, tuple(name for name, (has, _) in wanted.items() if np.isnan(has))

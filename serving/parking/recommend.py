"""``Recommend``: where to park near a destination."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite, isnan

import numpy as np
import numpy.typing as npt

from features.errors import BadInput
from features.manifest import Manifest
from features.parking.config import ParkingConfig
from features.parking.odds import at_arrival
from serving.alerts.words import Words
from serving.parking.answers import Answer, interval
from serving.parking.encode import lots, words
from serving.parking.moment import Moment
from serving.parking.near import SEARCH_MIN, Choice, Needs, crow_km, ranked, unmet, walks_m
from serving.proto import haechi_v1_pb2 as v1
from serving.values import instant

_WALK_M, _MOST_WALK_M = 800.0, 5000.0
_OPTIONS, _MOST_OPTIONS = 5, 50
_RESIDENTS = "resident"
_TALLEST_M = 10.0
_MAP_KM = 50.0
"""From the nearest lot: who goes further is not of this city."""
_LATE = timedelta(minutes=5)
"""That an arrival may lie before the issue: clocks differ, and a request takes its time."""

Array = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trip:
    """What was asked for.

    Attributes:
        arrival: at the lot; aware.
        walk_m: on foot at most.
        needs: of the vehicle and its driver.
        most: lots to name.
        walks: (lot,), metres on foot to the destination; NaN where nobody knows.
    """

    arrival: datetime
    walk_m: float
    needs: Needs
    most: int
    walks: npt.NDArray[np.float64]

    def candidates(self, moment: Moment) -> dict[int, tuple[str, ...]]:
        """The lots within the walk that are not known not to fit, and of what nobody knows whether they do."""
        within = np.flatnonzero(self.walks <= self.walk_m).tolist()
        # Residents' bays are their owners': what of them can be lent is asked for with ShareWindows.
        visited = [lot for lot in within if moment.lots.kind[lot] != _RESIDENTS]
        found = {lot: unmet(moment.lots, lot, self.needs) for lot in visited}
        return {lot: unknown for lot, (fails, unknown) in found.items() if not fails}


def trip(request: v1.RecommendRequest, moment: Moment) -> Trip:
    """What a request asks for.

    Raises:
        BadInput: a destination that is nowhere near the lots, an arrival that is not within the horizon, or a number
            that is out of bounds.
    """
    for name in ("lat", "lon"):
        if not isfinite(getattr(request, name)) or abs(getattr(request, name)) > {"lat": 90, "lon": 180}[name]:
            raise BadInput(
                cause=f"{name}={getattr(request, name)} is no place on Earth",
                mend="Give degrees: lat in [-90, 90], lon in [-180, 180]; Seoul is near 37.57, 126.98",
            )
    walks = walks_m(moment.lots, request.lat, request.lon)
    _refuse_outside(walks, request)
    arrival = instant(request, "arrival", "request")
    _refuse_untimely(arrival, moment)
    height_m = _number(request, "height_m", 0.0, _TALLEST_M, "metres") if request.HasField("height_m") else None
    return Trip(
        arrival=arrival,
        walk_m=_number(request, "walk_m", 1.0, _MOST_WALK_M, "metres") if request.HasField("walk_m") else _WALK_M,
        needs=Needs(height_m=height_m, ev=request.ev, disabled=request.disabled),
        most=int(_number(request, "most", 1, _MOST_OPTIONS, "lots")) if request.HasField("most") else _OPTIONS,
        walks=walks,
    )


def recommended(manifest: Manifest, moment: Moment, asked: Trip, answer: Answer) -> v1.RecommendReply:
    """The reply to ``Recommend``.

    Args:
        manifest: of the model.
        moment: that was asked about.
        asked: likewise.
        answer: of the candidates, in their order.
    """
    candidates = asked.candidates(moment)
    free, full = arriving(moment, answer, asked.arrival)
    choices = {
        moment.lots.ids[lot]: Choice(
            entity_id=moment.lots.ids[lot],
            walk_m=float(asked.walks[lot]),
            chance=None if isnan(full[at]) or answer.froze[at] else min(max(1 - float(full[at]), 0.0), 1.0),
            unknown=unknown,
        )
        for at, (lot, unknown) in enumerate(candidates.items())
    }
    best, row = ranked(choices.values())[: asked.most], {name: at for at, name in enumerate(choices)}
    described = dict(zip(choices, lots(moment, answer.columns, answer.quality), strict=True))
    within = int((asked.walks <= asked.walk_m).sum())
    return v1.RecommendReply(
        model=manifest.name,
        version=str(manifest.version),
        unit=manifest.unit,
        issued_at=moment.issued_at,
        as_of=moment.as_of,
        arrival=asked.arrival,
        simulated=manifest.simulated,
        timezone=manifest.timezone,
        search_min=SEARCH_MIN,
        options=[_option(one, described[one.entity_id], free[row[one.entity_id]]) for one in best],
        unfit=within - len(candidates),
        nowhere=int(np.isnan(asked.walks).sum()),
        nearest_walk_m=float(np.nanmin(asked.walks)),
        words=words(_found(moment, asked, len(candidates), within)),
    )


def arriving(moment: Moment, answer: Answer, arrival: datetime) -> tuple[Array, Array]:
    """What is said of a time between two steps.

    Returns:
        (column, 3), about q10, q50 and q90 of the free spaces; and (column,), the probability of being full. NaN where
        nothing is known.
    """
    step = timedelta(minutes=moment.config.step_min)
    ahead = max((arrival - moment.issued_at) / step, 0.0)
    columns = list(answer.columns)
    now = moment.free()[columns].astype(np.float64)
    is_full = np.where(np.isnan(now), np.nan, now <= moment.full_below[columns])
    # The three of a count are that count: nothing is uncertain about it.
    free = at_arrival(
        np.repeat(now[:, None], 3, axis=1), interval(answer, moment.config.quantiles).swapaxes(0, 1), ahead
    )
    full = at_arrival(is_full, answer.full.swapaxes(0, 1), ahead)
    unsaid = np.isnan(free).any(axis=1) | np.isnan(full)
    return np.where(unsaid[:, None], np.nan, free), np.where(unsaid, np.nan, full)


def _option(choice: Choice, lot: v1.ParkingLot, free: Array) -> v1.ParkingOption:
    q10, q50, q90 = (None if isnan(one) else one for one in free.tolist())
    return v1.ParkingOption(
        lot=lot,
        walk_m=choice.walk_m,
        walk_min=choice.walk_min,
        chance=choice.chance,
        q10=q10,
        q50=q50,
        q90=q90,
        expected_min=choice.expected_min,
        unknown=choice.unknown,
        reason=words(choice.reason),
    )


def _found(moment: Moment, asked: Trip, fitting: int, within: int) -> Words:
    """What was found, or why nothing was."""
    nearest, limit = float(np.nanmin(asked.walks)), f"{asked.walk_m:.0f} m"
    nowhere = int(np.isnan(asked.walks).sum())
    if fitting:
        said = Words(
            ko=f"도보 {limit} 이내 주차장 {within}곳 중 조건에 맞는 곳 {fitting}곳",
            en=f"Of {within} lots within {limit} on foot {fitting} may fit",
        )
    elif within:
        said = Words(
            ko=f"도보 {limit} 이내 주차장 {within}곳 모두 조건에 맞지 않습니다",
            en=f"None of {within} lots within {limit} on foot fits",
        )
    else:
        said = Words(
            ko=f"도보 {limit} 이내에 주차장이 없습니다. 가장 가까운 곳은 {nearest:.0f} m입니다",
            en=f"There is no lot within {limit} on foot; the nearest is {nearest:.0f} m away",
        )
    if not nowhere:
        return said
    return Words(
        ko=f"{said.ko}. 위치를 모르는 주차장 {nowhere}곳은 추천할 수 없습니다",
        en=f"{said.en}. Lots that nobody knows the place of, and which cannot be recommended: {nowhere}",
    )


def _refuse_outside(walks: npt.NDArray[np.float64], request: v1.RecommendRequest) -> None:
    if np.isnan(walks).all():
        raise BadInput(
            cause=f"Of none of the model's {len(walks)} lots it is known where it is",
            mend="Train with --entities FILE that has lat and lon",
        )
    nearest_km = crow_km(float(np.nanmin(walks)))
    if nearest_km > _MAP_KM:
        raise BadInput(
            cause=f"lat={request.lat:g}, lon={request.lon:g} lies outside the map: "
            f"{nearest_km:.0f} km from the nearest lot",
            mend="Give latitude first, then longitude, of a place in the city; or ask the model of that city",
        )


def _refuse_untimely(arrival: datetime, moment: Moment) -> None:
    config: ParkingConfig = moment.config
    last = moment.issued_at + config.horizon_steps * timedelta(minutes=config.step_min)
    if arrival < moment.issued_at - _LATE:
        raise BadInput(
            cause=f"The arrival {arrival.isoformat()} lies before {moment.issued_at.isoformat()}, when this is issued",
            mend="Give a time to come, with its zone, e.g. 2026-07-01T18:30+09:00",
        )
    if arrival > last:
        raise BadInput(
            cause=f"The arrival {arrival.isoformat()} lies after {last.isoformat()}, the last time that is forecast",
            mend=f"Ask for an earlier one, or send newer counts: the newest known are of {moment.as_of.isoformat()}",
        )


def _number(request: v1.RecommendRequest, field: str, low: float, high: float, unit: str) -> float:
    value = float(getattr(request, field))
    # NaN compares false with everything.
    if not low <= value <= high:
        raise BadInput(cause=f"{field}={value:g} is out of bounds", mend=f"Give {low:g} to {high:g} {unit}")
    return value

"""``ShareWindows``: when bays can be lent with hardly a chance that an owner is turned away."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from features.errors import BadInput
from features.manifest import Manifest
from features.parking.build import target_times
from features.parking.odds import agreed, at_most
from features.parking.sharing import Window, windows
from serving.alerts.words import Words
from serving.parking.answers import Answer, interval
from serving.parking.encode import lots, words
from serving.parking.moment import Moment
from serving.proto import haechi_v1_pb2 as v1
from serving.values import percent

_RISK, _LEAST_RISK, _MOST_RISK = 0.05, 0.001, 0.5
_MOST_LOTS = 100


def refuse_unusable(request: v1.ShareRequest) -> None:
    """Refuse a request that names no lot or too many, no bay, or a risk that nobody would take.

    Raises:
        BadInput: says which.
    """
    count = len(request.entity_ids)
    if not 1 <= count <= _MOST_LOTS:
        raise BadInput(
            cause=f"entity_ids names {count} lots", mend=f"Name 1 to {_MOST_LOTS} lots whose bays are to be lent"
        )
    if request.bays < 1:
        raise BadInput(cause=f"bays={request.bays} is no number of bays", mend="Lend 1 or more")
    # NaN compares false with everything.
    if request.HasField("most_risk") and not _LEAST_RISK <= request.most_risk <= _MOST_RISK:
        raise BadInput(
            cause=f"most_risk={request.most_risk:g} is out of bounds", mend=f"Give {_LEAST_RISK:g} to {_MOST_RISK:g}"
        )


def shared(manifest: Manifest, moment: Moment, request: v1.ShareRequest, answer: Answer) -> v1.ShareReply:
    """The reply to ``ShareWindows``.

    Args:
        manifest: of the model.
        moment: that was asked about.
        request: that ``refuse_unusable`` lets pass.
        answer: of its lots.

    Raises:
        BadInput: more bays than a lot has.
    """
    for column in answer.columns:
        capacity, name = moment.lots.capacity[column], moment.lots.ids[column]
        if request.bays > capacity:
            raise BadInput(
                cause=f"bays={request.bays} are more than the {capacity:.0f} spaces of {name}",
                mend="Lend fewer, or ask for that lot by itself",
            )
    most_risk = request.most_risk if request.HasField("most_risk") else _RISK
    short, fewest = short_of(request.bays, moment, answer), interval(answer, moment.config.quantiles)[..., 0]
    found = [_offered(row, moment, most_risk) if len(row) else [] for row in short]
    reply = v1.ShareReply(
        model=manifest.name,
        version=str(manifest.version),
        issued_at=moment.issued_at,
        as_of=moment.as_of,
        until=target_times(moment.issued_at, moment.config)[-1],
        simulated=manifest.simulated,
        timezone=manifest.timezone,
        bays=request.bays,
        most_risk=most_risk,
    )
    for at, lot in enumerate(lots(moment, answer.columns, answer.quality)):
        own = [_window(one, moment, request.bays, fewest[at], manifest.timezone) for one in found[at]]
        is_known = not bool(np.isnan(short[at]).all())
        said = _said(len(own), request.bays, most_risk, is_known=is_known, quality=lot.quality)
        reply.lots.append(v1.LotShare(lot=lot, windows=own, words=words(said)))
    return reply


def _offered(short: npt.NDArray[np.floating], moment: Moment, most_risk: float) -> list[Window]:
    config = moment.config
    return windows(
        short,
        most_risk=most_risk,
        extremal_index=config.extremal_index,
        unforeseen_risk=config.unforeseen_risk,
    )


def short_of(bays: int, moment: Moment, answer: Answer) -> npt.NDArray[np.floating]:
    """(column, step): the probability that fewer than so many spaces are free; NaN where nobody knows."""
    levels, below = moment.config.quantiles, moment.full_below[list(answer.columns)][:, None]
    whole = agreed(answer.free, answer.full, levels, below)
    # Counts are whole: fewer than two is at most one and a half.
    found = at_most(whole, answer.full, levels, below, np.array(bays - 0.5))
    # Numbers that are not known compare as if no space were short.
    return np.where(answer.is_known & ~answer.froze[:, None], found, np.nan)


def _window(
    window: Window, moment: Moment, bays: int, fewest: npt.NDArray[np.floating], timezone: str
) -> v1.ShareWindow:
    times = target_times(moment.issued_at, moment.config)
    start, end = times[window.first - 1], times[window.last - 1]
    least = float(fewest[window.first - 1 : window.last].min())
    local = _clock(start, end, timezone)
    said = Words(
        ko=f"{local} {bays}면 공유 가능, 소유자가 못 댈 확률 {percent(window.risk)}, 예상 최소 빈자리 {least:.0f}면",
        en=f"{local}: {bays} {'bay' if bays == 1 else 'bays'} can be lent; {percent(window.risk)} chance that an owner "
        f"is turned away, {least:.0f} free spaces at the fewest",
    )
    return v1.ShareWindow(start=start, end=end, risk=window.risk, fewest=least, words=words(said))


def _said(count: int, bays: int, most_risk: float, *, is_known: bool, quality: str) -> Words:
    """What can be lent of a lot, or why nothing can; what it rests on, where that is not all it should be."""
    if not is_known:
        ko, en = "아는 것이 없어 공유를 권하지 않습니다", "Nothing is known, so nothing is offered"
    elif not count:
        ko = f"{bays}면을 위험 {percent(most_risk)} 이내로 공유할 수 있는 시간이 없습니다"
        en = f"At no time can {bays} be lent at a risk of {percent(most_risk)} at most"
    else:
        ko = f"{bays}면을 공유할 수 있는 시간 {count}개"
        en = f"{bays} can be lent in {count} {'window' if count == 1 else 'windows'}"
    note = "" if quality == "ok" else f" ({quality})"
    return Words(ko=ko + note, en=en + note)


def _clock(start: datetime, end: datetime, timezone: str) -> str:
    zone = ZoneInfo(timezone)
    first, last = start.astimezone(zone), end.astimezone(zone)
    day = "" if last.date() == first.date() else f"{last:%m-%d} "
    return f"{first:%m-%d %H:%M} - {day}{last:%H:%M}"

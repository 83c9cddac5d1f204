"""Turns links that are outside their bands into events: one for one happening, revised while it lasts, then ended."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np

from features.traffic.abnormal_config import WatchConfig
from features.traffic.deviation import Deviation
from features.traffic.happening import AbnormalFlow, Ending, Kind, Witness
from features.traffic.neighbours import NONE
from features.traffic.watch import NOBODY, BoolArray, IntArray, Interval, Watch

# A neighbour that is this far off on the same side goes along, its own band notwithstanding.
_LIKEWISE_SIZE = 0.5


def told(
    watch: Watch, interval: Interval, now: Deviation, config: WatchConfig
) -> tuple[Watch, tuple[AbnormalFlow, ...]]:
    """The watch with its events as the counts make them, and those that were raised, changed or ended.

    Args:
        watch: its counts moved by ``interval``, its events not yet.
        interval: the last one.
        now: how far each link is off in it.
        config: of the watch.
    """
    events, member, changed = _raised(watch, interval, now, config)
    ends = (member != NOBODY) & ((watch.inside >= config.clear_steps) | (watch.gap > config.gap_steps))
    ended = []
    for number, event in list(events.items()):
        links = np.flatnonzero(member == number)
        events[number] = _revised(event, links, watch, interval, now)
        if events[number].kind is not event.kind:
            changed.add(number)
        if ends[links].all():
            known = (watch.inside[links] >= config.clear_steps).any()
            ending = Ending.INSIDE if known else Ending.UNKNOWN
            ended.append(replace(events.pop(number), cleared_at=watch.until, ending=ending))
    news = tuple(event for number, event in events.items() if number in changed)
    places = {number: place for place, number in enumerate(events)}
    member = np.array([places.get(int(number), NOBODY) for number in np.where(ends, NOBODY, member)], dtype=np.int64)
    watch = _released(watch, ends)
    return replace(watch, member=member, ongoing=tuple(events.values())), (*news, *ended)


def _released(watch: Watch, ends: BoolArray) -> Watch:
    """Links whose event is over begin anew."""
    stays = ~ends
    return replace(
        watch,
        side=watch.side * stays,
        age=watch.age * stays,
        out=watch.out * stays,
        far=watch.far * stays,
        inside=watch.inside * stays,
        stuck=watch.stuck & stays,
    )


def _raised(
    watch: Watch, interval: Interval, now: Deviation, config: WatchConfig
) -> tuple[dict[int, AbnormalFlow], IntArray, set[int]]:
    """Events by number, each link's, and the numbers of those that are new or have links that are new."""
    events, member = dict(enumerate(watch.ongoing)), watch.member.copy()
    changed: set[int] = set()
    for group in _groups(_ready(watch, now, config), watch):
        joined = sorted({int(number) for number in member[group]} - {NOBODY})
        new = [link for link in group if member[link] == NOBODY]
        number = joined[0] if joined else max(events, default=-1) + 1
        older = [events.pop(other) for other in joined[1:]]
        changed -= set(joined[1:])
        member[np.isin(member, joined)] = number
        member[new] = number
        events[number] = _joined(events.get(number), older, new, watch, interval, now)
        changed.add(number)
    return events, member, changed


def _ready(watch: Watch, now: Deviation, config: WatchConfig) -> BoolArray:
    """(entity,): links that are certain now, with a witness, and were not before."""
    far = watch.far >= config.raise_size * np.maximum(watch.out, 1)
    far &= np.nan_to_num(np.abs(now.share)) >= config.raise_share
    still = np.nan_to_num(now.outside) * watch.side >= 1
    ready: BoolArray = (watch.member == NOBODY) & (watch.out >= config.raise_steps) & far & still
    # Without a city around it, and with neighbours that went along or none, nobody knows whose doing it is.
    for link in np.flatnonzero(ready & np.isnan(now.city_share)).tolist():
        ready[link] = bool(_witness(link, watch, now).ruled_out)
    return ready


def _groups(ready: BoolArray, watch: Watch) -> list[list[int]]:
    """Links that became certain now, each with its neighbours on the same side, certain before or now."""
    active = ready | (watch.member != NOBODY)
    beside: dict[int, set[int]] = {
        link: set(np.flatnonzero((watch.member == watch.member[link]) & (watch.member != NOBODY)).tolist())
        for link in np.flatnonzero(active).tolist()
    }
    for link in beside:
        for other in watch.neighbours[link].tolist():
            if other != NONE and active[other] and watch.side[other] == watch.side[link]:
                beside[link].add(other)
                beside[other].add(link)
    groups: list[list[int]] = []
    done: set[int] = set()
    for link in np.flatnonzero(ready).tolist():
        if link not in done:
            groups.append(sorted(_reached(link, beside)))
            done.update(groups[-1])
    return groups


def _reached(link: int, beside: dict[int, set[int]]) -> set[int]:
    found, front = {link}, [link]
    while front:
        further = beside[front.pop()] - found
        found |= further
        front.extend(further)
    return found


def _joined(
    event: AbnormalFlow | None,
    older: list[AbnormalFlow],
    new: list[int],
    watch: Watch,
    interval: Interval,
    now: Deviation,
) -> AbnormalFlow:
    """The event with further links, or a new one; of several that turn out to be one, the first stays."""
    step = timedelta(minutes=watch.step_min)
    first = max(new, key=lambda link: (watch.age[link], abs(float(now.size[link]))))
    if event is None:
        onset = interval.start - (int(watch.age[first]) - 1) * step
        event = AbnormalFlow(
            id=f"{watch.entities[first]} {onset.isoformat()}",
            entity_ids=(watch.entities[first],),
            kind=Kind.ABNORMAL,
            direction="low" if watch.side[first] < 0 else "high",
            onset=onset,
            raised_at=interval.start + step,
            steps=0,
            **_at(first, watch, interval, now),
        )
    names = [name for one in older for name in one.entity_ids] + [watch.entities[link] for link in new]
    return replace(event, entity_ids=tuple(dict.fromkeys((*event.entity_ids, *names))))


def _revised(event: AbnormalFlow, links: IntArray, watch: Watch, interval: Interval, now: Deviation) -> AbnormalFlow:
    """The event after this interval: how long, how far off at most, and whether a sensor is to blame."""
    side = -1 if event.direction == "low" else 1
    beyond = [int(link) for link in links if side * np.nan_to_num(now.outside[link]) >= 1]
    if beyond:
        step = timedelta(minutes=watch.step_min)
        event = replace(event, steps=(interval.start - event.onset) // step + 1)
        furthest = max(beyond, key=lambda link: abs(float(now.size[link])))
        if abs(float(now.size[furthest])) > abs(event.size):
            event = replace(event, **_at(furthest, watch, interval, now))
    stuck = len(links) > 0 and bool(watch.stuck[links].all())
    return replace(event, kind=Kind.SENSOR) if stuck else event


def _at(link: int, watch: Watch, interval: Interval, now: Deviation) -> dict[str, Any]:
    """What was measured, expected and witnessed at one link."""
    return {
        "measured": float(interval.measured[link]),
        "expected": float(now.expected[link]),
        "band_low": float(now.low[link]),
        "band_high": float(now.high[link]),
        "size": float(now.size[link]),
        "witness": _witness(link, watch, now),
    }


def _witness(link: int, watch: Watch, now: Deviation) -> Witness:
    others = watch.neighbours[link]
    off = now.outside[others[others != NONE]]
    likewise = int((np.nan_to_num(off) * watch.side[link] >= _LIKEWISE_SIZE).sum())
    measured = int((~np.isnan(off)).sum())
    city = float(now.city_share[link])
    ruled_out: tuple[str, ...] = () if np.isnan(city) else ("city",)
    if measured and 2 * likewise <= measured:
        ruled_out += ("neighbours",)
    return Witness(
        city_share=None if np.isnan(city) else city,
        city_unrest=float(now.unrest[link]),
        neighbours=measured,
        neighbours_likewise=likewise,
        ruled_out=ruled_out,
    )

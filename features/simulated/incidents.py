"""What gets in the way of traffic and of counting it: crashes, announced roadworks, silent sensors."""

from collections.abc import Iterator

import numpy as np

from features.simulated.chance import WEEK_H, Stream
from features.simulated.city import links
from features.simulated.events import DAY_H, Blocks, Event, Kind, drawn
from features.simulated.hours import KST_OFFSET_H
from features.simulated.weather import rain_mm

_MONTH_H = 30 * DAY_H
_CRASHES = Blocks(stream=Stream.CRASH, block_h=DAY_H, longest_h=6)
_ROADWORKS = Blocks(stream=Stream.ROADWORKS, block_h=_MONTH_H, longest_h=70 * DAY_H)
_OUTAGES = Blocks(stream=Stream.OUTAGE, block_h=_MONTH_H, longest_h=60 * DAY_H)
_GAPS = Blocks(stream=Stream.GAP, block_h=WEEK_H, longest_h=12)

_CRASHES_A_LINK_DAY = 0.010  # on a wet road; a dry one sees a third
_ROADWORKS_A_LINK_MONTH = 0.006
_OUTAGES_A_LINK_MONTH = 0.24
_GAPS_A_LINK_WEEK = 0.10
_WET_MM_H = 2.0
# Crashes by local hour of day: few at night, most where most drive.
_CRASH_HOURS = np.array([2, 1, 1, 1, 1, 2, 4, 6, 7, 6, 5, 5, 5, 5, 5, 6, 6, 7, 8, 6, 5, 4, 4, 3]) / 105


def crashes(seed: int, hours: range) -> Iterator[Event]:
    """Crashes whose effect touches a run of hours; a wet road sees three times as many as a dry one."""

    def draw(chance: np.random.Generator, first_h: float) -> Iterator[Event]:
        dice = chance.random(len(links()))
        local_hour = chance.choice(24, size=len(links()), p=_CRASH_HOURS)
        minute, length, size = chance.random((3, len(links())))
        keep_dry = chance.random(len(links()))
        unlucky = np.flatnonzero(dice < _CRASHES_A_LINK_DAY)
        rain = rain_mm(seed, range(int(first_h), int(first_h) + DAY_H))
        for link in unlucky.tolist():
            # A block is a UTC day: 00Z is 9 in the morning in Seoul.
            utc_hour = int(local_hour[link] - KST_OFFSET_H) % DAY_H
            if keep_dry[link] < 1 / 3 or rain[utc_hour] >= _WET_MM_H:
                onset_h = first_h + utc_hour + float(minute[link])
                end_h = onset_h + 0.75 + (_CRASHES.longest_h - 0.75) * float(length[link]) ** 2
                share = round(0.25 + 0.55 * float(size[link]), 3)
                yield Event(kind=Kind.CRASH, onset_h=onset_h, end_h=end_h, size=share, link=link)

    return drawn(seed, hours, _CRASHES, draw)


def roadworks(seed: int, hours: range) -> Iterator[Event]:
    """Announced works that lower a link's level for ten days to ten weeks."""

    def draw(chance: np.random.Generator, first_h: float) -> Iterator[Event]:
        dice, onset, length, size = chance.random((4, len(links())))
        for link in np.flatnonzero(dice < _ROADWORKS_A_LINK_MONTH).tolist():
            # Works start and end at midnight in Seoul, 15Z.
            onset_h = first_h + float(np.floor(onset[link] * 30)) * DAY_H + (DAY_H - KST_OFFSET_H)
            end_h = onset_h + (10 + float(np.floor(length[link] * 59))) * DAY_H
            share = round(0.15 + 0.30 * float(size[link]), 3)
            yield Event(kind=Kind.ROADWORKS, onset_h=onset_h, end_h=end_h, size=share, link=link)

    return drawn(seed, hours, _ROADWORKS, draw)


def outages(seed: int, hours: range) -> Iterator[Event]:
    """Hours that were not counted: outages of days, and gaps of hours."""
    yield from drawn(seed, hours, _OUTAGES, _draw_outages)
    yield from drawn(seed, hours, _GAPS, _draw_gaps)


def _draw_outages(chance: np.random.Generator, first_h: float) -> Iterator[Event]:
    dice, onset = chance.random((2, len(links())))
    days = np.exp(chance.normal(np.log(5), 1.0, len(links()))).clip(1, _OUTAGES.longest_h / DAY_H)
    for link in np.flatnonzero(dice < _OUTAGES_A_LINK_MONTH).tolist():
        yield _silence(link, first_h + float(np.floor(onset[link] * _MONTH_H)), round(float(days[link]) * DAY_H))


def _draw_gaps(chance: np.random.Generator, first_h: float) -> Iterator[Event]:
    dice, onset = chance.random((2, len(links())))
    length_h = chance.integers(1, _GAPS.longest_h, size=len(links()), endpoint=True)
    for link in np.flatnonzero(dice < _GAPS_A_LINK_WEEK).tolist():
        yield _silence(link, first_h + float(np.floor(onset[link] * WEEK_H)), int(length_h[link]))


def _silence(link: int, onset_h: float, length_h: int) -> Event:
    """A sensor misses whole hours: a part of an hour's count is no count."""
    return Event(kind=Kind.OUTAGE, onset_h=onset_h, end_h=onset_h + length_h, size=1.0, link=link)

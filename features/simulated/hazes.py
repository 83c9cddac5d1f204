"""What darkens Seoul's air: winter smog that a still air mass holds down, and yellow dust behind a spring front."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from features.simulated.chance import WEEK_H, Stream
from features.simulated.events import DAY_H, Blocks, Event, Kind, drawn
from features.simulated.hours import KST_OFFSET_H
from features.simulated.weather import coldness

FloatArray = npt.NDArray[np.float64]

_SMOG = Blocks(stream=Stream.SMOG, block_h=WEEK_H, longest_h=5 * DAY_H)
_DUST = Blocks(stream=Stream.YELLOW_DUST, block_h=WEEK_H, longest_h=2 * DAY_H)
_DAYS_A_YEAR = 365.2425
_DUSTIEST_DAY, _DUST_HALF_D = 100, 35


def smog_events(seed: int, hours: range) -> Iterator[Event]:
    """Days of still, cold air that touch a run of hours since 1970-01-01T00Z; over the whole city."""

    def draw(chance: np.random.Generator, first_h: float) -> Iterator[Event]:
        likely = 0.38 * coldness(_day_of_year(first_h)) ** 2
        dice, onset, length_h = chance.random(), chance.uniform(0, WEEK_H), chance.uniform(36, _SMOG.longest_h)
        added = float(np.exp(chance.normal(np.log(62), 0.45)).clip(20, 200))
        if dice < likely:
            onset_h = first_h + float(onset)
            yield Event(kind=Kind.SMOG, onset_h=onset_h, end_h=onset_h + float(length_h), size=round(added, 1))

    return drawn(seed, hours, _SMOG, draw)


def dust_events(seed: int, hours: range) -> Iterator[Event]:
    """Yellow dust that touches a run of hours since 1970-01-01T00Z; over the whole city."""

    def draw(chance: np.random.Generator, first_h: float) -> Iterator[Event]:
        day = _day_of_year(first_h)
        likely = 0.02 * float(coldness(day)) + 0.4 * np.exp(-(((day - _DUSTIEST_DAY) / _DUST_HALF_D) ** 2))
        dice, onset, length_h = chance.random(), chance.uniform(0, WEEK_H), chance.uniform(14, _DUST.longest_h)
        added = float(np.exp(chance.normal(np.log(200), 0.7)).clip(50, 1200))
        if dice < likely:
            onset_h = first_h + float(onset)
            yield Event(kind=Kind.YELLOW_DUST, onset_h=onset_h, end_h=onset_h + float(length_h), size=round(added, 1))

    return drawn(seed, hours, _DUST, draw)


def smog(seed: int, hours: range) -> tuple[FloatArray, FloatArray]:
    """What smog adds in each hour.

    Returns:
        PM2.5 before any rain, ug/m3; how still it holds the air, 0 to 1; both (hour,).
    """
    return _overlaid(smog_events(seed, hours), hours, lambda done: np.sin(np.pi * done) ** 2)


def dust(seed: int, hours: range) -> tuple[FloatArray, FloatArray]:
    """What yellow dust adds in each hour: it comes with the front at once, and settles slowly.

    Returns:
        PM10 before any rain, ug/m3; how much of its height it has, 0 to 1; both (hour,).
    """
    return _overlaid(dust_events(seed, hours), hours, lambda done: np.sin(np.pi * done**0.55) ** 2)


def _overlaid(
    events: Iterator[Event], hours: range, shape: Callable[[FloatArray], FloatArray]
) -> tuple[FloatArray, FloatArray]:
    middle = np.arange(hours.start, hours.stop) + 0.5
    added, strength = np.zeros(len(hours)), np.zeros(len(hours))
    for event in events:
        done = ((middle - event.onset_h) / (event.end_h - event.onset_h)).clip(0, 1)
        height = shape(done)
        added += event.size * height
        strength = np.maximum(strength, height)
    return added, strength


def _day_of_year(first_h: float) -> float:
    return float((first_h + KST_OFFSET_H) / DAY_H % _DAYS_A_YEAR)

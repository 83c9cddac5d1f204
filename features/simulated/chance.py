"""Chance that depends on when, never on what was asked before: counter-based random numbers keyed by seed and block.

A stream is one kind of chance (rain, crashes...); a block is an hour-of-epoch, a day, a week: whatever the stream
counts in. The numbers of a block are the same in every process, for every range that contains it.
"""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from features.errors import BadInput

FloatArray = npt.NDArray[np.float64]

WEEK_H = 168
_WORD = 1 << 64


class Stream(IntEnum):
    """Kinds of chance; the numbers are part of the simulated city and never change."""

    CITY_LAYOUT = 1
    RAIN_YEAR = 2
    RAIN_DAY = 3
    RAIN_HOUR = 4
    TEMPERATURE = 5
    CITY_DAY = 6
    CITY_HOUR = 7
    DISTRICT_HOUR = 8
    LINK_HOUR = 9
    LINK_DAY = 10
    LINK_WEEK = 11
    COUNT = 12
    CRASH = 13
    ROADWORKS = 14
    OUTAGE = 15
    GAP = 16
    WIND = 17
    WIND_HOUR = 18
    DRY_AIR = 19
    SMOG = 20
    YELLOW_DUST = 21
    AIR_DAY = 22
    AIR_HOUR = 23
    AIR_STATION = 24
    TIDE_SURGE = 25
    RIVER_READING = 26
    PARKING_LAYOUT = 27
    PARKING_WEEK = 28
    PARKING_DAY = 29
    PARKING_HOUR = 30
    GATHERING = 31
    PARKING_OUTAGE = 32
    PARKING_GAP = 33
    PARKING_FEED = 34
    PARKING_FROZEN = 35
    PARKING_WRONG = 36
    PARKING_RESTLESS = 37
    CAMERA = 38
    CAMERA_HOUR = 39


def check_seed(seed: int) -> None:
    """Refuse a seed that is not a 63-bit counting number.

    Raises:
        BadInput: negative or too large.
    """
    if not 0 <= seed < _WORD // 2:
        raise BadInput(cause=f"seed={seed} is outside 0..2^63-1", mend="Pick a whole number from 0, e.g. --seed 7")


def generator(seed: int, stream: Stream, block: int) -> np.random.Generator:
    """The random numbers of one block; a block before 1970 is negative.

    >>> generator(7, Stream.CRASH, 3).random() == generator(7, Stream.CRASH, 3).random()
    True
    """
    # The block sits in the counter's high word: a block would have to draw 2^192 numbers to meet the next one.
    key = np.array([seed, stream], dtype=np.uint64)
    counter = np.array([0, 0, 0, block % _WORD], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def block_normals(seed: int, stream: Stream, blocks: range, columns: int) -> FloatArray:
    """One row of standard normals for each block.

    Returns:
        (block, columns).
    """
    return np.array([generator(seed, stream, block).standard_normal(columns) for block in blocks])


def hourly_normals(seed: int, stream: Stream, hours: range, columns: int) -> FloatArray:
    """Independent standard normals for every hour, drawn a week at a time.

    Args:
        seed: of the city.
        stream: kind of chance.
        hours: hours since 1970-01-01T00Z, without gaps.
        columns: independent series.

    Returns:
        (hour, columns).
    """
    first_week, last_week = hours.start // WEEK_H, (hours.stop - 1) // WEEK_H
    weeks = [
        generator(seed, stream, week).standard_normal((WEEK_H, columns)) for week in range(first_week, last_week + 1)
    ]
    offset = hours.start - first_week * WEEK_H
    return np.concatenate(weeks)[offset : offset + len(hours)]


def fading_normals(seed: int, stream: Stream, hours: range, columns: int, *, kept: float) -> FloatArray:
    """Standard normals that remember the hours before: an AR(1) whose memory is cut where it is below a hundredth.

    A recursion would depend on where it started; a finite moving average over the hours before does not.

    Args:
        seed: of the city.
        stream: kind of chance.
        hours: hours since 1970-01-01T00Z, without gaps.
        columns: independent series.
        kept: correlation of neighbouring hours, in (0, 1).

    Returns:
        (hour, columns), mean 0, variance 1.
    """
    taps = int(np.ceil(np.log(0.01) / np.log(kept)))
    weights = kept ** np.arange(taps + 1)
    weights /= np.sqrt(np.square(weights).sum())
    fresh = hourly_normals(seed, stream, range(hours.start - taps, hours.stop), columns)
    # Summed tap by tap, always in this order: the same hour rounds the same way in every range.
    total = np.zeros((len(hours), columns))
    for lag, weight in enumerate(weights):
        total += weight * fresh[taps - lag : taps - lag + len(hours)]
    return total


def smooth_normals(seed: int, stream: Stream, hours: range, columns: int, *, block_h: int) -> FloatArray:
    """Standard normals at the start of every block of hours, drawn as straight lines in between.

    Returns:
        (hour, columns), continuous in time.
    """
    hour = np.arange(hours.start, hours.stop)
    block, rest = np.divmod(hour, block_h)
    first = int(block[0])
    knots = block_normals(seed, stream, range(first, int(block[-1]) + 2), columns)
    share = (rest / block_h)[:, None]
    return np.asarray((1 - share) * knots[block - first] + share * knots[block - first + 1], dtype=np.float64)

"""Which rows are learned from and which are judged: whole years, so that no storm is in two of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from features.clock import wall_clock
from features.disaster.config import DisasterConfig
from features.errors import BadInput

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_FEWEST_YEARS = 3
_BLOCKS = 6
_MOST_FOLDS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """Rows by part. All (time,).

    Attributes:
        block: number of the block that a row is of: its year, or where there are few years a stretch of one.
        fold: number of the fold among the blocks learned from; -1 in the test part.
        learned: rows learned from.
        test: rows judged.
        test_from: instant at which the test part begins.
    """

    block: IntArray
    fold: IntArray
    learned: BoolArray
    test: BoolArray
    test_from: np.datetime64

    def apart(self, steps: int) -> BoolArray:
        """Rows whose window of ``steps`` on either side lies in one block: nothing of them is seen from another."""
        ahead = np.minimum(np.arange(len(self.block)) + steps, len(self.block) - 1)
        behind = np.maximum(np.arange(len(self.block)) - steps, 0)
        return np.asarray((self.block[ahead] == self.block) & (self.block[behind] == self.block))


def parts(
    times: npt.NDArray[np.datetime64], measured: BoolArray, config: DisasterConfig, test_from: datetime | None
) -> Parts:
    """The last year is the test part, the years before are learned from; of few years, the last sixth of the time.

    Args:
        times: (time,), UTC.
        measured: (time,), rows with a reading anywhere.
        config: whose local clock says when a year begins.
        test_from: when the test part begins instead; every year that begins later is in it.

    Raises:
        BadInput: nothing is left to learn from, or to judge.
    """
    block = _years(times, config)
    known = np.unique(block[measured])
    if len(known) < _FEWEST_YEARS:
        block = _stretches(measured)
        known = np.unique(block[measured])
    if test_from is None:
        test_block = int(known[-1]) if len(known) else 0
        first = int(np.argmax(block >= test_block)) if len(known) else 0
    else:
        instant = np.datetime64(int(test_from.timestamp()), "s")
        first = int(np.searchsorted(times, instant))
    rows = np.arange(len(times))
    learned, test = measured & (rows < first), measured & (rows >= first)
    if not learned.any() or not test.any():
        raise BadInput(
            cause="Nothing was measured in the part to learn from or in the part to judge",
            mend="Give a longer history, or another --split-at",
        )
    fold = np.where(rows < first, _fold(block, np.unique(block[learned])), -1)
    return Parts(block=block, fold=fold, learned=learned, test=test, test_from=times[first])


def _years(times: npt.NDArray[np.datetime64], config: DisasterConfig) -> IntArray:
    # A day's extreme is of the day that ends then.
    back = np.timedelta64(1 if config.step_min == 1440 else 0, "m")
    days = wall_clock(times - back, config.timezone)[0].astype("datetime64[D]")
    found: IntArray = days.astype("datetime64[Y]").astype(np.int64) + 1970
    return found


def _stretches(measured: BoolArray) -> IntArray:
    """Stretches with as many measured rows each."""
    total = max(int(measured.sum()), 1)
    found: IntArray = np.minimum(np.cumsum(measured) * _BLOCKS // (total + 1), _BLOCKS - 1)
    return found


def _fold(block: IntArray, known: Sequence[int] | IntArray) -> IntArray:
    """Blocks dealt out to at most four folds, like cards: years next to each other fall apart."""
    folds = min(_MOST_FOLDS, len(known))
    place = np.searchsorted(np.asarray(known), block)
    return np.asarray(place % max(folds, 1))

"""Which of two models errs less on the same measurements, by how much, and whether that is more than chance."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from features.errors import BadInput
from training.bootstrap import LEVEL, Days, block_days, mean_interval
from training.ledger import Ledger
from training.regimes import DAYS, HOLIDAY_REGIME, ODD, REGIMES
from training.scores import shown_steps

Verdict = Literal["a", "b", "no difference beyond chance", "cannot tell"]
NO_DIFFERENCE: Verdict = "no difference beyond chance"
CANNOT_TELL: Verdict = "cannot tell"

SEED = 7
"""Of the bootstrap in every command: the same two models always compare alike."""

_SHOWN_PLACES = 5


def verdict(low: float | None, high: float | None) -> Verdict:
    """Which of two is better beyond chance, by the interval of a's errors less b's; None: there is none."""
    if low is None or high is None:
        return CANNOT_TELL
    if high < 0:
        return "a"
    return "b" if low > 0 else NO_DIFFERENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two mean absolute errors and what lies between them.

    Attributes:
        mae_a: of the one.
        mae_b: of the other.
        difference: a - b; below zero a is better.
        low: the interval of ``difference`` at 95 %; None where there are too few days to tell.
        high: its other end.
    """

    mae_a: float
    mae_b: float
    difference: float
    low: float | None
    high: float | None

    @property
    def verdict(self) -> Verdict:
        """Which is better beyond chance."""
        return verdict(self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where which is better.

    Attributes:
        count: places with a target.
        better_a: share of them where a is better beyond chance; chance alone gives about 2.5 %.
        better_b: the same of b.
        top: where a gains most, the most first.
        bottom: where b gains most, the most first.
    """

    count: int
    better_a: float
    better_b: float
    top: dict[str, Difference]
    bottom: dict[str, Difference]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two models on the same measurements.

    Attributes:
        interval: first issue time and end of the last target, in words.
        days: local days with a target.
        block: days of a block of the bootstrap.
        unit: of the errors.
        overall: over all targets.
        by_step: of the shown steps that have a target.
        by_regime: of every regime that has a target.
        places: where which is better.
    """

    interval: str
    days: int
    block: int
    unit: str
    overall: Difference
    by_step: dict[int, Difference]
    by_regime: dict[str, Difference]
    places: Places

    @property
    def verdict(self) -> Verdict:
        """Which is better over all targets, at 95 %."""
        return self.overall.verdict

    def sentence(self, a: str, b: str) -> str:
        """Which errs less, by how much, with its interval."""
        found, unit = self.overall, self.unit
        low, high, maes = found.low, found.high, (found.mae_a, found.mae_b)
        better, worse = a, b
        if self.verdict == "b":
            better, worse, maes = b, a, maes[::-1]
        errs = f"MAE {maes[0]:.2f} and {maes[1]:.2f} {unit} over {self.days} days, {self.interval}"
        if low is None or high is None:
            return f"{self.days} days are too few to tell {a} from {b} ({errs})"
        if self.verdict == NO_DIFFERENCE:
            between = f"{found.difference:+.2f}, at {LEVEL:.0%} between {low:+.2f} and {high:+.2f}"
            return f"No difference beyond chance between {a} and {b}: {between} ({errs})"
        gain, (least, most) = abs(found.difference), sorted((abs(low), abs(high)))
        between = f"{gain:.2f} {unit} or {gain / maes[1]:.1%}, at {LEVEL:.0%} between {least:.2f} and {most:.2f}"
        return f"{better} errs less than {worse} by {between} ({errs})"


def compare(a: Ledger, b: Ledger, *, seed: int) -> Comparison:
    """Compare two models target by target, day by day.

    Args:
        a: of the one.
        b: of the other, on the same measurements.
        seed: of the bootstrap.

    Raises:
        BadInput: they were not judged on the same; names what differs.
    """
    _refuse_different(a, b)
    days = len(a.day_kind)
    block = block_days(days, a.steps * a.step_min)
    # An odd day is one to whichever ledger saw enough days before it.
    kind = np.where(b.day_kind == DAYS.index(ODD), b.day_kind, a.day_kind)
    columns = [_columns(one, kind) for one in (a, b)]
    found = _differences(*columns, block=block, seed=seed)
    steps, places = found[1 : 1 + a.steps], found[1 + a.steps : -len(REGIMES)]
    regimes = zip(REGIMES, found[-len(REGIMES) :], strict=True)
    return Comparison(
        interval=f"{a.start:%Y-%m-%d %H:%M} to {a.end:%Y-%m-%d %H:%M} UTC",
        days=int((a.by_place["count"] > 0).any(axis=1).sum()),
        block=block,
        unit=a.unit,
        overall=found[0],
        by_step={step: steps[step - 1] for step in shown_steps(a.steps) if not np.isnan(steps[step - 1].difference)},
        by_regime={name: one for name, one in regimes if not np.isnan(one.difference)},
        places=_places(dict(zip(a.entities, places, strict=True))),
    )


def _refuse_different(a: Ledger, b: Ledger) -> None:
    """Raise where the two were not judged on the same."""
    same = "Judge both on the same: train them on the same file and split, or name one that neither saw with --data"
    for what, one, other in (
        ("interval", f"{a.start.isoformat()}..{a.end.isoformat()}", f"{b.start.isoformat()}..{b.end.isoformat()}"),
        ("steps", f"{a.steps} of {a.step_min} min", f"{b.steps} of {b.step_min} min"),
        ("unit", a.unit, b.unit),
        ("number of entities", str(len(a.entities)), str(len(b.entities))),
        ("entities", *_first_difference(a.entities, b.entities)),
        ("clock", a.timezone, b.timezone),
        ("number of public holidays", *(str((one.day_kind == DAYS.index(HOLIDAY_REGIME)).sum()) for one in (a, b))),
        ("measurements", a.data_sha256[:12], b.data_sha256[:12]),
        ("number of targets forecast", *(f"{one.by_issue['count'].sum(dtype=np.float64):.0f}" for one in (a, b))),
    ):
        if one != other:
            raise BadInput(cause=f"They were not judged on the same: {what} {one} and {other}", mend=same)


def _first_difference(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, str]:
    return next(((one, other) for one, other in zip(a, b, strict=False) if one != other), ("", ""))


def _columns(ledger: Ledger, kind: npt.NDArray[np.int8]) -> dict[str, Days]:
    """``error`` and ``count`` to (day, column): over all, then by step, by place and by regime."""
    day, days = ledger.issue_day(), len(kind)
    found = {}
    for key in ("error", "count"):
        steps = np.zeros((days, ledger.steps))
        np.add.at(steps, day, ledger.by_issue[key])
        regimes = np.column_stack([ledger.of_regime(key, name, kind) for name in REGIMES])
        found[key] = np.hstack([steps.sum(axis=1, keepdims=True), steps, ledger.by_place[key], regimes])
    return found


def _differences(a: dict[str, Days], b: dict[str, Days], *, block: int, seed: int) -> list[Difference]:
    """One a column of (day, column)."""
    count = a["count"]
    found = mean_interval(a["error"] - b["error"], count, block=block, seed=seed)
    total = np.maximum(count.sum(axis=0), 1)
    mae = [one["error"].sum(axis=0) / total for one in (a, b)]
    return [
        Difference(
            mae_a=float(mae[0][column]),
            mae_b=float(mae[1][column]),
            difference=float(found.value[column]),
            low=None if np.isnan(found.low[column]) else float(found.low[column]),
            high=None if np.isnan(found.high[column]) else float(found.high[column]),
        )
        for column in range(count.shape[1])
    ]


def _places(found: dict[str, Difference]) -> Places:
    known = {name: one for name, one in found.items() if not np.isnan(one.difference)}
    ranked = sorted(known, key=lambda name: known[name].difference)
    return Places(
        count=len(known),
        better_a=_share(known, "a"),
        better_b=_share(known, "b"),
        top={name: known[name] for name in ranked[:_SHOWN_PLACES] if known[name].difference < 0},
        bottom={name: known[name] for name in ranked[: -_SHOWN_PLACES - 1 : -1] if known[name].difference > 0},
    )


def _share(known: dict[str, Difference], verdict: Verdict) -> float:
    return sum(one.verdict == verdict for one in known.values()) / max(len(known), 1)

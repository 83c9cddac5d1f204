"""Judges an exported graph by replaying an interval, each forecast beside every baseline's."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from features.clock import utc_times, wall_clock
from features.parking.config import ParkingConfig
from features.quantiles import as_80
from features.series import FloatArray, Panel
from training.baselines import Baselines
from training.export import Graph
from training.ledger import Bookkeeper, Ledger
from training.parking.model import groups
from training.parking.odds_scores import FullScore, FullScores
from training.parking.replay import Issue, Widths, replay
from training.parking.sample import Past
from training.parking.windows import Offering, Offers
from training.scores import Scoreboard

MODEL = "parking model"
CHANGE = "last value + profile change"
SHARE_UNIT, SPACE_UNIT = "% of capacity", "spaces"
LEVELS_80 = (0.1, 0.5, 0.9)
HELD_LOW, HELD_HIGH = 0.78, 0.82
"""Between which the 80 % interval holds well at a lot and horizon."""

_EXAMPLE_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example:
    """One forecast for a picture: (lot, step, 3) spaces at 10, 50 and 90 %, and (lot, step) what came."""

    row: int
    free: FloatArray
    came: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How the 80 % interval holds, by steps ahead.

    Attributes:
        steps: of the group, in words, e.g. ``3-6``.
        coverage: share of targets inside.
        lots_within: share of lots whose own share lies between ``HELD_LOW`` and ``HELD_HIGH``.
        least: of all lots.
        most: of all lots.
    """

    steps: str
    coverage: float
    lots_within: float
    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """What a replay came to.

    Attributes:
        shares: errors in per cent of the capacity, of the model and the baselines.
        spaces: the same in spaces.
        ledger: of the forecasts in per cent of the capacity.
        full: of the probability of being full.
        held: of the 80 % interval.
        offered: windows, at the model's extremal index.
        offering: what they were made of.
        widths: as they stand after the last issue time.
        examples: forecasts issued at local midnight, for pictures.
        lots: judged.
    """

    shares: Scoreboard
    spaces: Scoreboard
    ledger: Ledger
    full: tuple[FullScore, ...]
    held: tuple[Held, ...]
    offered: Offers
    offering: Offering
    widths: Widths
    examples: list[Example]
    lots: tuple[str, ...]


def judge(
    graph: Graph,
    past: Past,
    rows: range,
    learned: npt.NDArray[np.bool_],
    usual_until: int,
    widths: Widths,
    bar: Progress,
    sink: Callable[[Issue], None] | None = None,
    *,
    what: str = "judging",
) -> Judgement:
    """Replay ``rows`` and score every issue time whose targets all lie in them.

    Args:
        graph: the exported model.
        past: the counts.
        rows: of the interval judged; from the one after the first of all. Issue times run from the row before, so that
            its first count is forecast, to the last but one, so that the widths have seen them all.
        learned: (lot,), whether a lot is judged.
        usual_until: rows that may tell how often a lot is usually full.
        widths: as they stand before the first.
        bar: shows issue times done and time left.
        sink: is handed every issue that was scored.
        what: that is done, in a word or two.
    """
    config, lots = past.config, np.flatnonzero(learned)
    capacity = past.start.capacity[lots]
    names = tuple(past.panel.entities[at] for at in lots)
    percent = _percent(past, lots, names)
    boards = [Scoreboard(model=MODEL, quantiles=LEVELS_80, unit=unit) for unit in (SHARE_UNIT, SPACE_UNIT)]
    baselines = Baselines.of(percent.values, steps_per_day=config.steps_per_day, horizon_steps=config.horizon_steps)
    clock = range(0, len(past.panel) + config.horizon_steps)
    minutes = wall_clock(utc_times(past.panel.start, config.step_min, len(clock)), config.timezone)[1]
    books = Bookkeeper(
        percent, rows, boards[0], horizon_steps=config.horizon_steps, country=config.country, timezone=config.timezone
    )
    full = FullScores(past=past, learned=learned, until=usual_until)
    offering = Offering(past=past, learned=learned, hour=np.where(minutes % 60 == 0, minutes // 60, -1))
    inside, counted = (np.zeros((len(lots), config.horizon_steps)) for _ in range(2))
    examples: list[Example] = []
    issued = range(rows.start - 1, rows.stop - 1)
    for issue in replay(graph, past, issued, widths, bar, what):
        if issue.row + config.horizon_steps >= rows.stop:
            continue
        free = as_80(issue.free[lots], config.quantiles)
        came, ahead = issue.came[lots], slice(issue.row + 1, issue.row + 1 + config.horizon_steps)
        scaled = np.float32(100) / capacity[:, None]
        share, came_share = free * scaled[..., None], came * scaled
        others = _others(baselines, issue, lots)
        boards[0].add(share, came_share, others, minutes[ahead] // 60)
        boards[1].add(free, came, {name: one / scaled for name, one in others.items()}, minutes[ahead] // 60)
        books.add(issue.row + 1, share, came_share)
        full.add(issue)
        offering.add(issue)
        known = ~np.isnan(came) & ~np.isnan(free[..., 0])
        inside += known & (came >= free[..., 0]) & (came <= free[..., 2])
        counted += known
        if sink is not None:
            sink(issue)
        if minutes[issue.row] == 0:
            examples = [*examples, Example(row=issue.row, free=free, came=came)][-_EXAMPLE_DAYS:]
    return Judgement(
        shares=boards[0],
        spaces=boards[1],
        ledger=books.ledger(),
        full=full.scores(),
        held=_held(inside, counted, config),
        offered=offering.offers(config.extremal_index, config.unforeseen_risk),
        offering=offering,
        widths=widths,
        examples=examples,
        lots=names,
    )


def _percent(past: Past, lots: npt.NDArray[np.int64], names: tuple[str, ...]) -> Panel:
    """Free spaces in per cent of the capacity, impossible counts missing."""
    return Panel(
        start=past.panel.start,
        step_min=past.panel.step_min,
        entities=names,
        values=np.ascontiguousarray(100 * past.shares()[:, lots]),
        quantity="free_pct",
    )


def _others(baselines: Baselines, issue: Issue, lots: npt.NDArray[np.int64]) -> dict[str, FloatArray]:
    """What every baseline says, per cent of the capacity: name to (lot, step)."""
    inputs = issue.inputs
    profile = 100 * np.where(inputs["profile_mask"], inputs["profile"], np.nan)[lots].astype(np.float32)
    now, off = (np.where(inputs["now_mask"], inputs[name], np.nan)[lots] for name in ("now", "now_deviation"))
    change = profile + 100 * off.astype(np.float32)[:, None]
    found = baselines.forecast(issue.row + 1, profile)
    # Without a count of late there is no last value to change from.
    return found | {CHANGE: np.where(np.isnan(now)[:, None], profile, change)}


def _held(inside: npt.NDArray[np.float64], counted: npt.NDArray[np.float64], config: ParkingConfig) -> tuple[Held, ...]:
    found = []
    for steps in groups(config):
        own, of = inside[:, steps.start : steps.stop].sum(axis=1), counted[:, steps.start : steps.stop].sum(axis=1)
        share = own[of > 0] / of[of > 0]
        if len(share):
            found.append(
                Held(
                    steps=f"{steps.start + 1}-{steps.stop}" if len(steps) > 1 else str(steps.stop),
                    coverage=float(own.sum() / of.sum()),
                    # A share such as 0.78 is no exact binary number.
                    lots_within=float(((share >= HELD_LOW - 1e-9) & (share <= HELD_HIGH + 1e-9)).mean()),
                    least=float(share.min()),
                    most=float(share.max()),
                )
            )
    return tuple(found)

"""Scores of a parking model as documents and tables: no figure without the baselines beside it."""

from dataclasses import asdict
from typing import Any

from rich.table import Table

from features.manifest import Score
from training.parking.cold_start import ColdStart
from training.parking.judge import HELD_HIGH, HELD_LOW, MODEL, Judgement
from training.parking.odds_scores import PERSISTENCE, USUAL
from training.parking.windows import MOST_RISK, Offers
from training.tables import finite


def document(found: Judgement) -> dict[str, Any]:
    """All figures of a judgement, for --json."""
    steps = range(1, len(found.shares.count) + 1)
    return {
        "lots": len(found.lots),
        "scores": finite(found.shares.table()),
        "scores_spaces": finite(found.spaces.table()),
        "mae_by_step": {
            name: finite([{str(step): found.shares.mae(name, step) for step in steps}])[0]
            for name in found.shares.absolute
        },
        "mae_spaces_by_step": finite([{str(step): found.spaces.mae(MODEL, step) for step in steps}])[0],
        "coverage": found.shares.coverage(),
        "coverage_by_steps": [asdict(one) for one in found.held],
        "full": finite([asdict(one) for one in found.full]),
        "share_windows": finite([asdict(found.offered)])[0],
        "issue_times_scored": found.shares.issues,
        "beaten_by": beaten_by(found),
    }


def beaten_by(found: Judgement) -> list[str]:
    """The baselines that err less than the model over all steps: a model that nobody needs."""
    scores = found.shares
    return [name for name in scores.absolute if scores.mae(name) < scores.mae(MODEL)]


def metrics(found: Judgement, cold: ColdStart) -> tuple[tuple[str, float, int], ...]:
    """What a run records: name, value and step, 0 where the figure is over all steps."""
    own: list[tuple[str, float, int]] = [*found.shares.metrics()]
    for one in found.full:
        own += [
            ("full_brier", one.brier, one.step),
            ("full_brier_persistence", one.brier_persistence, one.step),
            ("full_brier_usual", one.brier_usual, one.step),
            ("full_calibration_error", one.calibration_error, one.step),
        ]
    own += [("windows_stated_risk", found.offered.stated, 0), ("windows_failed", found.offered.failed, 0)]
    own += [("cold_mae", cold.mae, 0), ("cold_mae_typical", cold.mae_typical, 0)]
    return tuple(one for one in own if one[1] == one[1])


def manifest_scores(found: Judgement, interval: str) -> tuple[Score, ...]:
    """The figures that travel with the model, each baseline's beside the model's."""
    scores = list(found.shares.to_manifest(interval))
    for one in found.full:
        for name, value in ((MODEL, one.brier), (PERSISTENCE, one.brier_persistence), (USUAL, one.brier_usual)):
            scores.append(
                Score(
                    model=name,
                    metric="brier_full",
                    unit="1",
                    horizon=str(one.step),
                    value=round(value, 6),
                    interval=interval,
                )
            )
    return tuple(scores)


def full_table(found: Judgement) -> Table:
    """The probability of being full, one row a shown step."""
    table = Table(title="probability of being full", title_justify="left")
    headings = ("step", "came", "Brier", PERSISTENCE, USUAL, "average precision", "ECE", "targets")
    for heading in headings:
        table.add_column(heading, justify="right")
    for one in found.full:
        briers = (f"{value:.4f}" for value in (one.brier, one.brier_persistence, one.brier_usual))
        rest = (f"{one.average_precision:.3f}", f"{one.calibration_error:.4f}", f"{one.count:,}")
        table.add_row(str(one.step), f"{one.came:.1%}", *briers, *rest)
    return table


def held_table(found: Judgement) -> Table:
    """How the 80 % interval holds, one row a group of steps."""
    table = Table(title="80 % interval, each lot's tracked by itself", title_justify="left")
    for heading in ("steps", "holds", f"lots within {HELD_LOW:.0%} to {HELD_HIGH:.0%}", "least", "most"):
        table.add_column(heading, justify="right")
    for one in found.held:
        cells = (f"{value:.1%}" for value in (one.coverage, one.lots_within, one.least, one.most))
        table.add_row(one.steps, *cells)
    return table


def windows_line(offered: Offers) -> str:
    """What became of share windows, in one sentence."""
    if not offered.count:
        return f"No share window could be offered at a risk of {MOST_RISK:.0%}"
    return (
        f"{offered.count:,} share windows at a risk of {MOST_RISK:.0%} at most, {offered.hours:.1f} h long on average, "
        f"at {offered.lots} lots: stated risk {offered.stated:.2%}, an owner turned away in {offered.failed:.2%}"
    )


def cold_line(cold: ColdStart) -> str:
    """How a lot never seen is answered, in one sentence."""
    return (
        f"As if never seen (from city and capacity): MAE {cold.mae:.2f} % of capacity, its city's mean "
        f"{cold.mae_typical:.2f}; the 80 % interval holds {cold.coverage:.1%} of {cold.count:,}"
    )

"""Scores as the terminal shows them: no figure without the baselines beside it."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from training.scores import Scoreboard


def score_table(scores: Scoreboard, *, title: str) -> Table:
    """Mean absolute errors, one row a forecaster, best on top; the model's row stands out."""
    table = Table(title=f"{title}\nmean absolute error, {scores.unit}")
    table.add_column("forecaster")
    table.add_column("all steps", justify="right")
    for step in scores.shown_steps():
        table.add_column(f"step {step}", justify="right")
    for name in sorted(scores.absolute, key=scores.mae):
        cells = [scores.mae(name), *(scores.mae(name, step) for step in scores.shown_steps())]
        style = "bold" if name == scores.model else None
        table.add_row(name, *(f"{value:.2f}" for value in cells), style=style)
    return table


def coverage_line(scores: Scoreboard, target: float) -> str:
    """How well the interval holds, in one sentence."""
    return (
        f"{scores.issues:,} issue times, {int(scores.count.sum()):,} measured targets; the {target:.0%} interval holds "
        f"{scores.coverage():.1%} of them; mean pinball loss {scores.mean_pinball():.2f} {scores.unit}"
    )


def finite(rows: Sequence[dict[str, float | str]]) -> list[dict[str, Any]]:
    """The rows for a JSON document, where NaN has no place: a figure over no targets is null."""
    return [{key: None if value != value else value for key, value in row.items()} for row in rows]

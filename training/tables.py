"""Scores as the terminal shows them: no figure without the baselines beside it."""

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

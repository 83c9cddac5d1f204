"""Scores as the terminal shows them: no figure without the baselines beside it."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from training.ledger import Ledger
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


def regime_table(ledger: Ledger) -> Table:
    """Error and coverage by regime."""
    table = Table(title="by regime", title_justify="left")
    for heading in ("regime", f"MAE, {ledger.unit}", "inside the interval", "targets"):
        table.add_column(heading, justify="left" if heading == "regime" else "right")
    for row in regime_rows(ledger):
        table.add_row(*row)
    return table


def regime_rows(ledger: Ledger) -> list[tuple[str, str, str, str]]:
    """Regime, error, coverage and targets as text, one row a regime."""
    return [
        (str(row["regime"]), f"{row['mae']:.2f}", f"{row['coverage']:.1%}", f"{row['targets']:,.0f}")
        for row in ledger.regimes()
    ]


def sites_line(ledger: Ledger) -> str:
    """At how many sites the interval holds, and where it holds least well, in one sentence."""
    found = ledger.sites()
    if found.share_within is None:
        return "No site was measured"
    says = (
        f"The interval holds {found.low:.0%} to {found.high:.0%} at {found.share_within:.0%} of {found.sites:,} sites"
    )
    worst = ", ".join(f"{name} {share:.0%}" for name, share in found.worst.items())
    return f"{says}; furthest off: {worst}" if worst else says

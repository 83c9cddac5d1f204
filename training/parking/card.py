"""The model card of a parking model: what a person should know before trusting a version."""

from features.manifest import Manifest
from features.parking.config import ParkingConfig
from training.parking.cold_start import ColdStart
from training.parking.judge import Judgement
from training.parking.report import cold_line, windows_line
from training.tables import regime_rows


def card(manifest: Manifest, config: ParkingConfig, test: Judgement, cold: ColdStart, interval: str) -> str:
    """Markdown for ``CARD.md``.

    Args:
        manifest: of the version.
        config: of the features.
        test: the judgement of the test part.
        cold: of lots as if never seen.
        interval: the test part, in words.
    """
    m = manifest
    label = "> **SIMULATED**: learned from the simulated Seoul; no figure here is of a real city.\n\n"
    return f"""# {m.name} version {m.version}

{label if m.simulated else ""}Forecasts the free spaces of {len(m.entities)} car parks, {m.horizon_steps} steps of
{m.step_min} min ahead, as quantiles {", ".join(map(str, m.quantiles))}, and the probability that a lot is full: at most
{config.full_share:.0%} of it free.

## Scores, {interval}, {len(test.lots)} lots, mean absolute error in % of the capacity
{_errors(test)}

## Probability of being full
{_full(test)}

## 80 % interval
{_held(test)}

- {windows_line(test.offered)}
- {cold_line(cold)}

## By regime
{_regimes(test)}

## Learned from
{m.learned.start:%Y-%m-%d %H:%M} to {m.learned.end:%Y-%m-%d %H:%M} UTC, {m.learned.rows:,} counts, data
`{m.learned.data_sha256[:12]}`, code `{m.git_commit or "unknown"}`, run `{m.mlflow_run or "not tracked: no MLflow"}`.

## How it works
What is usual at that time of the week, and what is left by then of the deviation from it, is corrected by networks
that see the last two days of the lot, of its city and of the lots that fill alike, and by boosted trees that learned
from what no network had seen; of less than a year of counts nothing is learned of the time of year. Quantiles are
stretched lot by lot by the errors on validation, and tracked from count to count since; the probability of being full
has trees of its own, and the quantiles agree with it.{_looks_at(config)}

## Know before use
- A lot without history is answered from its city and capacity, and marked `degraded`; its interval is wide.
- A feed that froze is forecast as it stands, and marked: nobody knows how many spaces there are.
- What is usual follows the last {config.weeks} weeks; public holidays of {m.country} on the clock of {m.timezone} count
  as Sundays.
- A closure or an event that nobody told of is seen only once it has begun.
- The risk of a share window is that of the feed's counts: bays that are free on paper and blocked are not seen.
"""


def _looks_at(config: ParkingConfig) -> str:
    names = ", ".join(config.covariates)
    return f"\nIt also looks at {names}, as far as they are known when a forecast is issued." if names else ""


def _errors(found: Judgement) -> str:
    rows = found.shares.table()
    header = list(rows[0])
    lines = [f"| {' | '.join(name.replace('_', ' ') for name in header)} |", f"|{' --- |' * len(header)}"]
    for row in rows:
        cells = (str(row[name]) if isinstance(row[name], str) else f"{row[name]:.2f}" for name in header)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _full(found: Judgement) -> str:
    lines = ["| step | came | Brier | as now | as usual | average precision | ECE |", "|" + " --- |" * 7]
    for one in found.full:
        briers = f"{one.brier:.4f} | {one.brier_persistence:.4f} | {one.brier_usual:.4f}"
        lines.append(
            f"| {one.step} | {one.came:.1%} | {briers} | {one.average_precision:.3f} | {one.calibration_error:.4f} |"
        )
    return "\n".join(lines)


def _held(found: Judgement) -> str:
    lines = ["| steps | holds | lots within 78 to 82 % | least | most |", "|" + " --- |" * 5]
    for one in found.held:
        cells = " | ".join(f"{value:.1%}" for value in (one.coverage, one.lots_within, one.least, one.most))
        lines.append(f"| {one.steps} | {cells} |")
    return "\n".join(lines)


def _regimes(found: Judgement) -> str:
    lines = ["| regime | MAE | inside the interval | targets |", "| --- | --- | --- | --- |"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in regime_rows(found.ledger)])

"""The model card: what a person should know before trusting a version."""

from features.manifest import Manifest
from training.ledger import Ledger
from training.tables import regime_rows, sites_line


def card(
    manifest: Manifest, scores: list[dict[str, float | str]], ledger: Ledger, notes: list[str], how: list[str]
) -> str:
    """Markdown for ``CARD.md``.

    Args:
        manifest: of the version.
        scores: one row a forecaster, the model first.
        ledger: of the same forecasts, for the scores by regime and site.
        notes: what else was found, one sentence each.
        how: how the model works, one sentence each.
    """
    m = manifest
    label = (
        "> **SIMULATED**: learned from the simulated Seoul; no figure here is of a real city.\n\n"
        if m.simulated
        else ""
    )
    header = list(scores[0])
    table = [f"| {' | '.join(name.replace('_', ' ') for name in header)} |", f"|{' --- |' * len(header)}"]
    table += [f"| {' | '.join(_cell(row[name]) for name in header)} |" for row in scores]
    regimes = ["| regime | mae | inside the interval | targets |", "| --- | --- | --- | --- |"]
    regimes += [f"| {' | '.join(row)} |" for row in regime_rows(ledger)]
    lines = "\n".join(f"- {note}" for note in notes)
    return f"""# {m.name} version {m.version}

{label}Forecasts `{m.quantity}` ({m.unit}) of {len(m.entities)} entities,
{m.horizon_steps} steps of {m.step_min} min ahead, as quantiles {", ".join(map(str, m.quantiles))}.

## Scores on the test interval ({m.unit})
{chr(10).join(table)}

{lines}
- {sites_line(ledger)}

## By regime
{chr(10).join(regimes)}

Rush hours are 07-09 and 17-19 of working days, night is 22-05; a day is odd where the whole city was further from
its usual than on 95 % of the days before.

## Learned from
{m.learned.start:%Y-%m-%d %H:%M} to {m.learned.end:%Y-%m-%d %H:%M} UTC, {m.learned.rows:,} measured values, data
`{m.learned.data_sha256[:12]}`, code `{m.git_commit or "unknown"}`, run `{_run_link(m)}`.

## How it works
{chr(10).join(how)}

## Know before use
- A place that is not in the manifest's entities cannot be forecast.
- A measurement gap is bridged by the profile and marked `degraded`; the interval then rests on older errors.
- Public holidays of {m.country} on the clock of {m.timezone} are known.
- An unannounced closure is seen only after it begins.
{_guard_line(m)}"""


def _cell(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _guard_line(manifest: Manifest) -> str:
    """What the model does not answer itself; nothing where it answers everything."""
    limits = manifest.limits
    if limits is None:
        return ""
    gaps = "" if limits.most_missing is None else f", or with over {limits.most_missing:.0%} missing,"
    return f"- A row outside the training range{gaps} is answered by the seasonal baseline and marked `fallback`.\n"


def _run_link(manifest: Manifest) -> str:
    """The run that made a model, in words."""
    return manifest.mlflow_run or "not tracked: MLflow was not installed"

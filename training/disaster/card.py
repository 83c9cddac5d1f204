"""The model card of a hazard: what a person should know before trusting a version."""

from features.disaster.config import DisasterConfig
from features.disaster.wording import criterion, release
from features.manifest import Manifest
from training.disaster.report import FEWEST_CASES, TOO_FEW, alarm_rows
from training.disaster.scores import Judgement


def card(manifest: Manifest, config: DisasterConfig, test: Judgement, held_out: Judgement, interval: str) -> str:
    """Markdown for ``CARD.md``.

    Args:
        manifest: of the version.
        config: of the hazard.
        test: the judgement of the test part.
        held_out: of the years learned from, by fits that had not seen them.
        interval: the test part, in words.
    """
    m, hazard = manifest, config.hazard
    label = "> **SIMULATED**: learned from the simulated Seoul; no figure here is of a real city.\n\n"
    levels = [
        f"- **{level.words.en}** ({level.words.ko}): {criterion(hazard, level).en}; lifted: {release(hazard, level).en}"
        for level in hazard.levels
    ]
    return f"""# {m.name} version {m.version}

{label if m.simulated else ""}{hazard.words.en} ({hazard.words.ko}) at {", ".join(m.entities[:10])}: `{m.quantity}`
({m.unit}) and the probability that each level is met, {", ".join(map(str, hazard.horizons_h))} h ahead.

## Levels
{chr(10).join(levels)}

Source: {hazard.source}.

## Scores, {interval}
{_quantities(test, m.unit)}

{_levels(test)}

{_alarms(test)}

## Scores on the years learned from, each by a fit that had not seen it
{_quantities(held_out, m.unit)}

{_levels(held_out)}

{_alarms(held_out)}

## Learned from
{m.learned.start:%Y-%m-%d %H:%M} to {m.learned.end:%Y-%m-%d %H:%M} UTC, {m.learned.rows:,} readings, data
`{m.learned.data_sha256[:12]}`, code `{m.git_commit or "unknown"}`, run `{m.mlflow_run or "not tracked: no MLflow"}`.

## How it works
A linear core, whose slopes may differ by regime so that it reaches beyond what it has seen, and boosted trees on what
it leaves, say how the quantity changes; how far they may be off is learned from their errors on years that they had not
seen. Quantiles and probabilities are read off both, so that they cannot contradict each other. The
usual, the normal, the tide and the size of errors are of all years learned from, those held out in turn among them.

## Know before use
- A place without a reading of its own is not answered: a dead gauge is never calm.
- A level is met on what is measured; whether it is lifted again is the release rule's, not the model's.
- The alarm's threshold was chosen on the years learned from; with fewer than ten events nothing is claimed of alarms.
- Whoever opens a dam knows more than this model: only what is released already is seen.
"""


def _quantities(found: Judgement, unit: str) -> str:
    rows = [f"| ahead | RMSE {unit} | persistence | linear | 80 % interval holds | cases |", "|" + " --- |" * 6]
    for one in found.quantities:
        errors = " | ".join(f"{each:.2f}" for each in (one.rmse, one.rmse_persistence, one.rmse_linear))
        figures = f"{errors} | {one.coverage:.1%} | {one.count:,}"
        rows.append(f"| {one.horizon_h} h | {figures} |")
    return "\n".join(rows)


def _levels(found: Judgement) -> str:
    rows = [
        "| level | kind | ahead | came | of | Brier | skill on climatology | persistence | bins | linear | ECE |",
        "|" + " --- |" * 11,
    ]
    for one in found.levels:
        told = one.came >= FEWEST_CASES
        cells = [_cell(each if told else None) for each in one.skills.values()]
        skills = f"{' | '.join(cells)} | {one.calibration_error:.4f}"
        came = f"{one.came:,} | {one.count:,} | {one.brier:.5f}"
        rows.append(f"| {one.level} | {one.kind} | {one.horizon_h} h | {came} | {skills} |")
    return "\n".join(rows)


def _alarms(found: Judgement) -> str:
    rows = ["| level | alarm at | events | hits | false | POD | FAR | median lead |", "|" + " --- |" * 8]
    for row in alarm_rows(found):
        counts = f"{row['events']} | {row['hits']} | {row['false_alarms']}"
        claims = f"{TOO_FEW} | {TOO_FEW} | {TOO_FEW}"
        if row["claim"] != TOO_FEW:
            lead = "-" if row["median_lead_h"] is None else f"{row['median_lead_h']:.1f} h"
            claims = f"{_cell(row['pod'])} | {_cell(row['far'])} | {lead}"
        rows.append(f"| {row['level']} | {row['threshold']:.2f} | {counts} | {claims} |")
    return "\n".join(rows)


def _cell(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.3f}"

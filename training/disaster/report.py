"""A judgement in words and figures: for the terminal, the card, the run and the manifest."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.table import Table

from features.disaster.hazard import Hazard
from features.manifest import Score
from training.alarms import FEWEST_EVENTS
from training.disaster.scores import AlarmScore, Judgement, QuantityScore

TOO_FEW = "too few events"

FEWEST_CASES = 10
"""Rows in which a level came: with fewer no skill is printed."""


def quantity_tables(found: Judgement, hazard: Hazard, title: str) -> tuple[Table, ...]:
    """How far the quantity was off, beside persistence and the linear core; once more for when it was high."""
    whole = _quantity_table(found.quantities, f"{title}\nthe quantity, {hazard.unit}")
    if hazard.high is None:
        return (whole,)
    return whole, _quantity_table(found.high, f"of them while it stood at {hazard.high:g} {hazard.unit} and more")


def _quantity_table(scores: Sequence[QuantityScore], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    headings = ("ahead", "RMSE", "(persistence)", "(linear)", "MAE", "(persistence)", "80 % interval holds", "cases")
    for heading in headings:
        table.add_column(heading, justify="right")
    for one in scores:
        figures = (one.rmse, one.rmse_persistence, one.rmse_linear, one.mae, one.mae_persistence)
        cells = [f"{each:.2f}" for each in figures]
        table.add_row(f"{one.horizon_h} h", *cells, f"{one.coverage:.1%}", f"{one.count:,}")
    return table


def level_table(found: Judgement, kind: str, title: str) -> Table:
    """How good the probabilities of one kind were, and their skill on each baseline."""
    table = Table(title=f"{title}; skill on each baseline, - where it came too rarely to tell", title_justify="left")
    headings = ("level", "ahead", "came", "of", "Brier", "climatology", "persistence", "bins", "linear", "AP", "ECE")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "level" else "right")
    for one in found.levels:
        if one.kind == kind:
            told = one.came >= FEWEST_CASES
            claims = [_figure(each if told else None) for each in (*one.skills.values(), one.average_precision)]
            came = (f"{one.horizon_h} h", f"{one.came:,}", f"{one.count:,}", f"{one.brier:.5f}")
            table.add_row(one.level, *came, *claims, f"{one.calibration_error:.4f}")
    return table


def alarm_rows(found: Judgement) -> list[dict[str, Any]]:
    """One row a level; where there are too few events nothing is claimed."""
    return [_alarm_row(one) for one in found.alarms]


def alarm_table(found: Judgement, title: str) -> Table:
    """Alarms by event."""
    table = Table(title=title, title_justify="left")
    columns = ("level", "alarm at", "looks", "events", "hits", "misses", "false", "POD", "FAR", "CSI", "median lead")
    for heading in columns:
        table.add_column(heading, justify="left" if heading == "level" else "right")
    for row in alarm_rows(found):
        counts = [str(row[key]) for key in ("events", "hits", "misses", "false_alarms")]
        claims = (
            [TOO_FEW, *[""] * 3] if row["claim"] == TOO_FEW else [_figure(row[key]) for key in ("pod", "far", "csi")]
        )
        if row["claim"] != TOO_FEW:
            claims.append("-" if row["median_lead_h"] is None else f"{row['median_lead_h']:.1f} h")
        table.add_row(row["level"], f"{row['threshold']:.2f}", f"{row['horizon_h']} h", *counts, *claims)
    return table


def document(found: Judgement) -> dict[str, Any]:
    """All of it for ``--json``; what is not known is null."""
    levels = [asdict(one) | {"bins": [asdict(each) for each in one.bins]} for one in found.levels]
    quantities = {"quantity": found.quantities, "quantity_high": found.high}
    whole = {name: [asdict(one) for one in scores] for name, scores in quantities.items()} | {"probabilities": levels}
    return _finite(whole | {"alarms": alarm_rows(found)})  # type: ignore[no-any-return]  # a dict in is a dict out


def metrics(found: Judgement) -> tuple[tuple[str, float, int], ...]:
    """What a run records: name, value, and the horizon in hours as its step."""
    rows: list[tuple[str, float, int]] = []
    for one in found.quantities:
        for name in ("rmse", "rmse_persistence", "rmse_linear", "mae", "mae_persistence", "coverage"):
            rows.append((name, float(getattr(one, name)), one.horizon_h))
    for each in found.levels:
        figures = {f"skill_{name}": value for name, value in each.skills.items()}
        figures |= {
            "brier": each.brier,
            "average_precision": each.average_precision,
            "calibration_error": each.calibration_error,
        }
        rows += [(f"{each.level}/{each.kind}/{key}", value, each.horizon_h) for key, value in figures.items()]
    for row in alarm_rows(found):
        if row["claim"] != TOO_FEW:
            rows += [
                (f"{row['level']}/alarm/{key}", float(row[key]), row["horizon_h"])
                for key in ("pod", "far", "csi", "median_lead_h")
                if row[key] is not None
            ]
    return tuple(rows)


def manifest_scores(found: Judgement, name: str, unit: str, interval: str) -> tuple[Score, ...]:
    """The figures that travel with the model, each baseline's beside the model's."""
    rows: list[tuple[str, str, str, str, float]] = []
    for one in found.quantities:
        at = f"{one.horizon_h} h"
        rows.append((name, "rmse", unit, at, one.rmse))
        rows.append(("persistence", "rmse", unit, at, one.rmse_persistence))
        rows.append(("linear", "rmse", unit, at, one.rmse_linear))
        rows.append((name, "coverage", "1", at, one.coverage))
    for each in found.levels:
        at = f"{each.level} {each.kind} {each.horizon_h} h"
        rows.append((name, "brier", "1", at, each.brier))
        rows += [(name, f"brier skill on {baseline}", "1", at, value) for baseline, value in each.skills.items()]
    return tuple(
        Score(model=who, metric=metric, unit=units, horizon=at, value=round(value, 6), interval=interval)
        for who, metric, units, at, value in rows
        if np.isfinite(value)
    )


def _alarm_row(one: AlarmScore) -> dict[str, Any]:
    alarms = one.alarms
    row: dict[str, Any] = {"level": one.level, "threshold": one.threshold, "horizon_h": one.horizon_h}
    row |= {
        "events": alarms.events,
        "hits": alarms.hits,
        "misses": alarms.misses,
        "false_alarms": alarms.false_alarms,
    }
    if alarms.events < FEWEST_EVENTS:
        return row | {"claim": TOO_FEW}
    claims = {"pod": alarms.pod, "far": alarms.far, "csi": alarms.csi, "median_lead_h": alarms.median_lead_h}
    finite = {key: None if value != value else round(value, 4) for key, value in claims.items()}
    return row | {"claim": "by event", **finite, "leads_h": [round(each, 2) for each in alarms.leads_h]}


def _figure(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.3f}"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value

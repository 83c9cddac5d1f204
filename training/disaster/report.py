"""A judgement in words and figures: for the terminal, the card, the run and the manifest."""

from dataclasses import asdict
from typing import Any

import numpy as np
from rich.table import Table

from features.manifest import Score
from training.alarms import FEWEST_EVENTS
from training.disaster.judge import AlarmScore, Judgement

TOO_FEW = "too few events"


def quantity_table(found: Judgement, unit: str, title: str) -> Table:
    """How far the quantity was off, beside persistence."""
    table = Table(title=f"{title}\nthe quantity, {unit}", title_justify="left")
    for heading in ("ahead", "RMSE", "(persistence)", "MAE", "(persistence)", "80 % interval holds", "cases"):
        table.add_column(heading, justify="right")
    for one in found.quantities:
        figures = (one.rmse, one.rmse_persistence, one.mae, one.mae_persistence)
        cells = [f"{each:.2f}" for each in figures]
        table.add_row(f"{one.horizon_h} h", *cells, f"{one.coverage:.1%}", f"{one.count:,}")
    return table


def level_table(found: Judgement, kind: str, title: str) -> Table:
    """How good the probabilities of one kind were, beside climatology and persistence."""
    table = Table(title=title, title_justify="left")
    headings = ("level", "ahead", "came", "of", "Brier", "skill on climatology", "skill on persistence", "AP", "ECE")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "level" else "right")
    for one in found.levels:
        if one.kind == kind:
            skills = [_figure(each) for each in (one.skill_climatology, one.skill_persistence, one.average_precision)]
            came = (f"{one.horizon_h} h", f"{one.came:,}", f"{one.count:,}", f"{one.brier:.5f}")
            table.add_row(one.level, *came, *skills, f"{one.calibration_error:.4f}")
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
        claims = [TOO_FEW] * 4 if row["claim"] == TOO_FEW else [_figure(row[key]) for key in ("pod", "far", "csi")]
        if row["claim"] != TOO_FEW:
            claims.append("-" if row["median_lead_h"] is None else f"{row['median_lead_h']:.1f} h")
        table.add_row(row["level"], f"{row['threshold']:.2f}", f"{row['horizon_h']} h", *counts, *claims)
    return table


def document(found: Judgement) -> dict[str, Any]:
    """All of it for ``--json``; what is not known is null."""
    levels = [asdict(one) | {"bins": [asdict(each) for each in one.bins]} for one in found.levels]
    whole = {"quantity": [asdict(one) for one in found.quantities], "probabilities": levels}
    return _finite(whole | {"alarms": alarm_rows(found)})  # type: ignore[no-any-return]  # a dict in is a dict out


def metrics(found: Judgement) -> tuple[tuple[str, float, int], ...]:
    """What a run records: name, value, and the horizon in hours as its step."""
    rows: list[tuple[str, float, int]] = []
    for one in found.quantities:
        for name in ("rmse", "rmse_persistence", "mae", "mae_persistence", "coverage"):
            rows.append((name, float(getattr(one, name)), one.horizon_h))
    for each in found.levels:
        for name in ("brier", "skill_climatology", "skill_persistence", "average_precision", "calibration_error"):
            rows.append((f"{each.level}/{each.kind}/{name}", float(getattr(each, name)), each.horizon_h))
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
        rows.append((name, "coverage", "1", at, one.coverage))
    for each in found.levels:
        at = f"{each.level} {each.kind} {each.horizon_h} h"
        rows.append((name, "brier", "1", at, each.brier))
        rows.append((name, "brier skill on climatology", "1", at, each.skill_climatology))
        rows.append((name, "brier skill on persistence", "1", at, each.skill_persistence))
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

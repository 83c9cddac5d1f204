"""Predictions that were written to a file, as the answers that they once were."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from features.disaster.config import DisasterConfig
from features.disaster.criteria import in_force
from features.errors import BadInput, HaechiError
from serving.alerts.words import Words
from serving.disaster.encode import levels
from serving.disaster.replies import Risk, RiskPlace, RiskPrediction, level
from serving.disaster.wording import site

_MEND = "Name a file that `haechi evaluate disaster --out FILE` wrote"
_NUMBERS = ("probability", "q10", "q50", "q90", "observed")
_NAMES = ("quantity", "unit", "model", "version", "quality")
_COLUMNS = ("issued_at", "target_time", "step", "entity_id", "level", *_NUMBERS, *_NAMES)


def recorded(path: Path) -> Iterator[list[Risk]]:
    """The answers of a file, place by place.

    What was in force is judged by what was observed, as far as the file holds all that the criteria compare; else it
    is taken for not in force, and the forecast alone decides.

    Args:
        path: Parquet, as ``haechi evaluate disaster --out`` writes it.

    Yields:
        The answers about one place, forward in time.

    Raises:
        BadInput: the file cannot be read, or is no file of a hazard's predictions.
    """
    frame, config, simulated = _read(path)
    for (entity_id,), own in sorted(frame.group_by("entity_id"), key=lambda pair: str(pair[0])):
        cells = own.sort("issued_at", "target_time", "number")
        size = len(config.horizons_steps) * len(config.hazard.levels)
        issues = cells["issued_at"].unique(maintain_order=True).to_list()
        if len(cells) != size * len(issues):
            raise BadInput(
                cause=f"{path}: {entity_id} has {len(cells)} rows for {len(issues)} issue times, not {size} each",
                mend=_MEND,
            )
        rows, stand = cells.to_dicts(), _in_force(cells, config, issues)
        yield [
            _risk(rows[at * size : (at + 1) * size], config, tuple(force), simulated=simulated)
            for at, force in enumerate(stand)
        ]


def _read(path: Path) -> tuple[pl.DataFrame, DisasterConfig, bool]:
    try:
        metadata = pl.read_parquet_metadata(path)
        frame = pl.read_parquet(path, columns=list(_COLUMNS)).with_columns(pl.col(pl.Categorical).cast(pl.String))
        config = DisasterConfig.from_json(json.loads(metadata["config"]))
    except HaechiError as error:
        raise BadInput(cause=f"{path}: {error.cause}", mend=_MEND) from None
    except KeyError:
        raise BadInput(cause=f"{path} does not say which hazard it is of", mend=_MEND) from None
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        # The rest of it is how the file was to be read.
        said = str(error).partition("\n")[0]
        raise BadInput(cause=f"{path} cannot be read: {said}", mend=_MEND) from None
    numbers = {level.name: number for number, level in enumerate(config.hazard.levels)}
    frame = frame.with_columns(pl.col("level").replace_strict(numbers, default=None).alias("number"))
    if frame["number"].has_nulls():
        raise BadInput(cause=f"{path} has a level that {config.hazard.name} does not know", mend=_MEND)
    return frame, config, metadata.get("simulated") == "true"


def _in_force(cells: pl.DataFrame, config: DisasterConfig, issues: list[datetime]) -> list[list[bool | None]]:
    """Of each issue time, by level: what was in force then."""
    hazard = config.hazard
    if hazard.quantities != (hazard.quantity,):
        return [[False] * len(hazard.levels) for _ in issues]
    seen = cells.select(time="target_time", value="observed").drop_nulls().unique("time")
    start, step = issues[0], timedelta(minutes=config.step_min)
    series = np.full(((issues[-1] - start) // step + 1, 1), np.nan)
    for time, value in seen.filter(pl.col("time").is_between(start, issues[-1])).iter_rows():
        series[(time - start) // step] = value
    readings, at = {hazard.quantity: series}, [(issue - start) // step for issue in issues]
    now = np.stack([in_force(hazard, one, readings).now[at, 0] for one in hazard.levels], axis=1)
    return [[None if np.isnan(force) else bool(force) for force in row] for row in now]


def _risk(
    rows: list[dict[str, Any]], config: DisasterConfig, force: tuple[bool | None, ...], *, simulated: bool
) -> Risk:
    hazard, first = config.hazard, rows[0]
    where = site(hazard, first["entity_id"])
    place = RiskPlace(
        entity_id=first["entity_id"],
        name=where.name,
        lat=where.lat,
        lon=where.lon,
        now=None,
        in_force=force,
        quality=first["quality"],
    )
    return Risk(
        model=first["model"],
        version=str(first["version"]),
        hazard=hazard.name,
        words=Words(ko=hazard.words.ko, en=hazard.words.en),
        category=hazard.category,
        quantity=first["quantity"],
        unit=first["unit"],
        issued_at=first["issued_at"],
        as_of=first["issued_at"],
        step_min=config.step_min,
        alarm_h=hazard.alarm_h,
        simulated=simulated,
        timezone=config.timezone,
        levels=tuple(level(one) for one in levels(config)),
        places=(place,),
        predictions=tuple(
            RiskPrediction(
                entity_id=row["entity_id"],
                target_time=row["target_time"],
                step=row["step"],
                level=row["level"],
                probability=row["probability"],
                met=None,
                q10=row["q10"],
                q50=row["q50"],
                q90=row["q90"],
                quality=row["quality"],
            )
            for row in rows
        ),
    )

"""Predictions that were written to a file, as the answers that they once were."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from features.errors import BadInput, HaechiError
from features.parking.config import ParkingConfig
from features.quantiles import column
from serving.parking.replies import Parking, ParkingLot, ParkingPrediction

_MEND = "Name a file that `haechi evaluate parking --out FILE` wrote"
_COLUMNS = (
    *("issued_at", "target_time", "step", "entity_id", "quantity", "unit", "full", "capacity"),
    *("model", "version", "quality"),
)


def recorded(path: Path, ahead: timedelta) -> Iterator[list[Parking]]:
    """The answers of a file, lot by lot.

    What was free at an issue is what an earlier prediction of then was compared with; where a lot is, the file does
    not say.

    Args:
        path: Parquet, as ``haechi evaluate parking --out`` writes it.
        ahead: predictions of later times are left out.

    Yields:
        The answers about one lot, forward in time.

    Raises:
        BadInput: the file cannot be read, or is no file of a parking model's predictions.
    """
    scan, config, simulated = _opened(path)
    steps = min(max(ahead // timedelta(minutes=config.step_min), 1), config.horizon_steps)
    levels = [column(level) for level in config.quantiles]
    try:
        chosen = scan.filter(pl.col("step") <= steps).select(*_COLUMNS, *levels).collect()
        issues = chosen.select("entity_id", target_time="issued_at").unique().lazy()
        seen = scan.select("entity_id", "target_time", "observed").drop_nulls()
        free = seen.join(issues, on=["entity_id", "target_time"], how="semi").unique(["entity_id", "target_time"])
        now = free.rename({"target_time": "issued_at", "observed": "now"}).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, error) from None
    rows = chosen.join(now, on=["entity_id", "issued_at"], how="left")
    for (entity_id,), own in sorted(rows.group_by("entity_id"), key=lambda pair: str(pair[0])):
        cells = own.sort("issued_at", "step").to_dicts()
        issued = own["issued_at"].n_unique()
        if len(cells) != steps * issued:
            raise BadInput(
                cause=f"{path}: {entity_id} has {len(cells)} rows for {issued} issue times, not {steps} each",
                mend=_MEND,
            )
        yield [
            _parking(cells[at : at + steps], config, levels, simulated=simulated) for at in range(0, len(cells), steps)
        ]


def qualities(path: Path) -> list[tuple[datetime, str, int]]:
    """Of each issue time, how many lots' forecasts were of which quality; raises as ``recorded``."""
    scan, _, _ = _opened(path)
    try:
        counts = scan.filter(pl.col("step") == 1).group_by("issued_at", "quality").len().sort("issued_at").collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, error) from None
    return counts.rows()


def _opened(path: Path) -> tuple[pl.LazyFrame, ParkingConfig, bool]:
    try:
        metadata = pl.read_parquet_metadata(path)
        config = ParkingConfig.from_json(json.loads(metadata["config"]))
        scan = pl.scan_parquet(path).with_columns(pl.col(pl.Categorical).cast(pl.String))
    except HaechiError as error:
        raise BadInput(cause=f"{path}: {error.cause}", mend=_MEND) from None
    except KeyError:
        raise BadInput(cause=f"{path} does not say what model's predictions it holds", mend=_MEND) from None
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    return scan, config, metadata.get("simulated") == "true"


def _unreadable(path: Path, error: Exception) -> BadInput:
    # The rest of it is how the file was to be read.
    said = str(error).partition("\n")[0]
    return BadInput(cause=f"{path} cannot be read: {said}", mend=_MEND)


def _parking(rows: list[dict[str, Any]], config: ParkingConfig, levels: list[str], *, simulated: bool) -> Parking:
    first = rows[0]
    issued_at: datetime = first["issued_at"]
    lot = ParkingLot(
        entity_id=first["entity_id"],
        name=first["entity_id"],
        city="",
        kind="",
        lat=None,
        lon=None,
        capacity=first["capacity"],
        free=first["now"],
        quality=first["quality"],
    )
    return Parking(
        model=first["model"],
        version=str(first["version"]),
        quantity=first["quantity"],
        unit=first["unit"],
        issued_at=issued_at,
        as_of=issued_at,
        step_min=config.step_min,
        simulated=simulated,
        timezone=config.timezone,
        levels=config.quantiles,
        full_share=config.full_share,
        measure=config.measure,
        lots=(lot,),
        predictions=tuple(_prediction(row, levels) for row in rows),
    )


def _prediction(row: dict[str, Any], levels: list[str]) -> ParkingPrediction:
    values = tuple(row[name] for name in levels)
    return ParkingPrediction(
        entity_id=row["entity_id"],
        target_time=row["target_time"],
        step=row["step"],
        q10=row.get("q10"),
        q50=row.get("q50"),
        q90=row.get("q90"),
        values=() if None in values else values,
        full=row["full"],
        quality=row["quality"],
    )

"""Where entities are: the table that a user brings beside the measurements."""

from pathlib import Path

import numpy as np
import polars as pl

from features.errors import BadInput, UnknownName
from features.series import FloatArray
from features.tables.source import open_table


def positions(path: Path, entity_columns: tuple[str, ...], entities: tuple[str, ...]) -> tuple[FloatArray, FloatArray]:
    """Latitude and longitude of ``entities`` in degrees, NaN where the table does not name one.

    Args:
        path: CSV or Parquet with the entity columns, or ``entity_id``, and ``lat`` and ``lon``.
        entity_columns: joined by ``/`` as in the measurements.
        entities: (entity,), whose positions are asked for.

    Raises:
        BadInput: no such file, none of the entities is in it, or a position is no number.
        UnknownName: a column is missing.
    """
    if not path.is_file():
        raise BadInput(cause=f"There is no entity table {path}", mend="Give --entities FILE with entity_id, lat, lon")
    frame = open_table(path).lazy.collect()
    columns = entity_columns if set(entity_columns) <= set(frame.columns) else ("entity_id",)
    for name in (*columns, "lat", "lon"):
        if name not in frame.columns:
            raise UnknownName.among(f"column of {path}", name, frame.columns)
    names = frame.select(pl.concat_str([pl.col(name).cast(pl.String) for name in columns], separator="/")).to_series()
    at = {name: row for row, name in enumerate(names.to_list())}
    rows = [at.get(name, -1) for name in entities]
    if max(rows) < 0:
        raise BadInput(
            cause=f"None of the {len(entities)} entities is in {path} (it names e.g. {names[0]})",
            mend="Give the entity table of these measurements; both must name entities alike",
        )
    lat, lon = (np.append(_degrees(path, frame[name]), np.nan)[rows].astype(np.float32) for name in ("lat", "lon"))
    return lat, lon


def _degrees(path: Path, column: pl.Series) -> FloatArray:
    degrees = column.cast(pl.Float32, strict=False)
    unreadable = (degrees.is_null() & column.is_not_null()).arg_true()
    if len(unreadable):
        row = unreadable[0]
        raise BadInput(
            cause=f"{path}, row {row + 1}: '{column.name}' is '{column[row]}', not degrees",
            mend="Write degrees with a decimal point, e.g. 37.5665, or leave the cell blank",
        )
    found: FloatArray = degrees.to_numpy()
    return found

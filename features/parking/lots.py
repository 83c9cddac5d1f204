"""What is known of each lot beside its counts: where it is, how large, for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.atomic import full_disk_named
from features.errors import ArtifactMismatch, BadInput, UnknownName
from features.series import FloatArray
from features.tables.source import open_table

FILE = "lots.parquet"
"""Of an artifact."""

_TEXTS = ("name", "city", "kind")
_NUMBERS = ("capacity", "lat", "lon", "ev_bays", "disabled_bays", "max_height_m")
_MOST = {"lat": 90.0, "lon": 180.0}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lots:
    """Lots, all arrays in their order.

    Attributes:
        ids: as in the counts.
        name: as people call it; the id where nobody says.
        city: whose lots a lot never seen resembles; "" where nobody says.
        kind: such as garage, on-street, resident; "" where nobody says.
        capacity: (lot,), spaces; NaN where unknown.
        lat: (lot,), degrees, WGS84; NaN where unknown, as all below.
        lon: (lot,).
        ev_bays: (lot,), bays with a charger.
        disabled_bays: (lot,), bays for people with a disability.
        max_height_m: (lot,), what vehicle may enter.
    """

    ids: tuple[str, ...]
    name: tuple[str, ...]
    city: tuple[str, ...]
    kind: tuple[str, ...]
    capacity: FloatArray
    lat: FloatArray
    lon: FloatArray
    ev_bays: FloatArray
    disabled_bays: FloatArray
    max_height_m: FloatArray

    def __len__(self) -> int:
        return len(self.ids)

    def select(self, ids: Sequence[str]) -> "Lots":
        """The lots ``ids``, in that order; of one that is not known nothing but its id."""
        at = {name: row for row, name in enumerate(self.ids)}
        rows = [at.get(name, -1) for name in ids]
        texts: dict[str, Any] = {
            field: tuple("" if row < 0 else getattr(self, field)[row] for row in rows) for field in ("city", "kind")
        }
        numbers = {field: np.append(getattr(self, field), np.float32(np.nan))[rows] for field in _NUMBERS}
        names = tuple(name if row < 0 else self.name[row] for name, row in zip(ids, rows, strict=True))
        return Lots(ids=tuple(ids), name=names, **texts | numbers)

    def joined(self, others: "Lots") -> "Lots":
        """These, then ``others``."""
        texts: dict[str, Any] = {name: (*getattr(self, name), *getattr(others, name)) for name in ("ids", *_TEXTS)}
        numbers = {name: np.concatenate([getattr(self, name), getattr(others, name)]) for name in _NUMBERS}
        return Lots(**texts | numbers)

    def places(self) -> npt.NDArray[np.bool_]:
        """(lot,): whether it is known where the lot is."""
        return ~(np.isnan(self.lat) | np.isnan(self.lon))

    def save(self, path: Path) -> None:
        """Write one row a lot to Parquet.

        Raises:
            OSError: the disk is full.
        """
        with full_disk_named():
            pl.DataFrame({"entity_id": self.ids} | {name: getattr(self, name) for name in _COLUMNS}).write_parquet(path)


_COLUMNS = (*_TEXTS, *_NUMBERS)


def load(path: Path) -> Lots:
    """The lots that ``save`` wrote.

    Raises:
        ArtifactMismatch: no such file, or not of this form.
    """
    try:
        frame = pl.read_parquet(path).select("entity_id", *_COLUMNS)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ArtifactMismatch(cause=f"{path.name} cannot be read: {error}", mend="Train the model again") from None
    texts: dict[str, Any] = {name: tuple(frame[name].to_list()) for name in _TEXTS}
    numbers = {name: frame[name].to_numpy().astype(np.float32) for name in _NUMBERS}
    return Lots(ids=tuple(frame["entity_id"].to_list()), **texts | numbers)


def nameless(ids: Sequence[str]) -> Lots:
    """Lots of which nobody says anything."""
    unknown = np.full(len(ids), np.nan, dtype=np.float32)
    blank = ("",) * len(ids)
    return Lots(ids=tuple(ids), name=tuple(ids), city=blank, kind=blank, **{name: unknown.copy() for name in _NUMBERS})


def read(path: Path, entity_columns: tuple[str, ...]) -> Lots:
    """A user's table of lots.

    Args:
        path: CSV or Parquet with the entity columns, or ``entity_id``; of ``name, city, kind, capacity, lat, lon,
            ev_bays, disabled_bays, max_height_m`` what is known.
        entity_columns: joined by ``/`` as in the counts.

    Raises:
        BadInput: no such file, a lot twice, or a number that is none; names the row.
        UnknownName: the column that names lots is missing.
    """
    if not path.is_file():
        raise BadInput(
            cause=f"There is no entity table {path}",
            mend="Give --entities FILE with entity_id, capacity, city, lat, lon",
        )
    frame = open_table(path).lazy.collect()
    columns = entity_columns if set(entity_columns) <= set(frame.columns) else ("entity_id",)
    for name in columns:
        if name not in frame.columns:
            raise UnknownName.among(f"column of {path}", name, frame.columns)
    ids = frame.select(pl.concat_str([pl.col(name).cast(pl.String) for name in columns], separator="/")).to_series()
    blank = ids.is_null() | (ids.str.strip_chars() == "")
    if blank.any():
        raise BadInput(
            cause=f"{path}, row {blank.arg_true()[0] + 1} names no lot", mend="Fill it in, or remove the row"
        )
    if ids.is_duplicated().any():
        twice = ids.filter(ids.is_duplicated())[0]
        raise BadInput(cause=f"{path} has the lot '{twice}' twice", mend="Keep one row a lot")
    texts: dict[str, Any] = {name: _texts(frame, name) for name in _TEXTS}
    texts["name"] = tuple(name or one for name, one in zip(texts["name"], ids.to_list(), strict=True))
    return Lots(ids=tuple(ids.to_list()), **texts | {name: _numbers(path, frame, name) for name in _NUMBERS})


def _texts(frame: pl.DataFrame, name: str) -> tuple[str, ...]:
    if name not in frame.columns:
        return ("",) * len(frame)
    return tuple(frame[name].cast(pl.String).fill_null("").str.strip_chars().to_list())


def _numbers(path: Path, frame: pl.DataFrame, name: str) -> FloatArray:
    if name not in frame.columns:
        return np.full(len(frame), np.nan, dtype=np.float32)
    written = frame[name].cast(pl.String).str.strip_chars().replace("", None)
    numbers = written.cast(pl.Float64, strict=False)
    wrong = numbers.is_null() & written.is_not_null() | ~numbers.is_finite().fill_null(value=True)
    if name in _MOST:
        wrong = wrong | (numbers.abs() > _MOST[name]).fill_null(value=False)
    else:
        wrong = wrong | (numbers < 0).fill_null(value=False)
    if wrong.any():
        row = wrong.arg_true()[0]
        raise BadInput(
            cause=f"{path}, row {row + 1}: '{name}' is '{written[row]}'",
            mend="Write a number that can be, with a decimal point, or leave the cell blank",
        )
    found: FloatArray = numbers.fill_null(float("nan")).to_numpy().astype(np.float32)
    return found

"""What a measured quantity can be: single values that are none, and whole columns in another unit or datum."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import polars as pl

from features.errors import BadInput

# Numbers that feeds write where nothing was measured: the first always, the others where they are no plausible value,
# so that -99 m3/s of a tidal river stays what it is.
_MARKS = (-999.0, -9999.0, -99999.0)
_MARKS_BEYOND = (-9.0, -99.0, -99.9, -999.9)
_LEAST_APART = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One column, with only plausible values left in it.

    Attributes:
        values: (row,), Float64; null where nothing was measured.
        marked: cells that hold a number which says that nothing was measured.
        out_of_range: cells that hold what cannot have been measured.
    """

    values: pl.Series
    marked: int
    out_of_range: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mistake:
    """Another unit or datum; ``value * factor + add`` is what was expected."""

    name: str
    factor: float
    add: float

    @property
    def mend(self) -> str:
        scaled = f"Multiply the column by {self.factor:g}" if self.factor != 1 else ""
        return scaled or f"Add {self.add:g} to the column"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plausible:
    low: float
    high: float
    median: tuple[float, float] | None
    mistakes: tuple[_Mistake, ...]


def judge(values: pl.Series, *, quantity: str, where: str, scale: float = 1.0, missing: float | None = None) -> Judged:
    """Tell measurements from marks and from what no instrument can have read.

    Args:
        values: (row,), Float64, as in the file.
        quantity: one of ``plausible.toml``.
        where: file and column, for error messages.
        scale: what values are multiplied by to be in the unit that ``quantity`` ends in.
        missing: one more number that this feed writes where nothing was measured, or None.

    Raises:
        BadInput: the column as a whole is plausible only in another unit or datum; names both.

    >>> judge(pl.Series([31.0, -999.0, 3403.0]), quantity="pm10_ug_m3", where="a.csv").values.to_list()
    [31.0, None, None]
    """
    known = _table()[quantity]
    scaled = values * scale
    inside = scaled.is_between(known.low, known.high)
    mark = _any_of(values, (*_MARKS, *([missing] if missing is not None else [])))
    mark |= ~inside & _any_of(values, _MARKS_BEYOND)
    measured = scaled.zip_with(~mark.fill_null(value=False), pl.Series([None], dtype=pl.Float64))
    _refuse_another_unit(measured, known, quantity, where)
    beyond = ~inside & ~mark
    plausible = measured.zip_with(inside.fill_null(value=True), pl.Series([None], dtype=pl.Float64))
    return Judged(values=plausible, marked=int(mark.sum()), out_of_range=int(beyond.sum()))


def _any_of(values: pl.Series, marks: tuple[float, ...]) -> pl.Series:
    flags = [(values - mark).abs() < _LEAST_APART for mark in marks]
    return pl.select(pl.any_horizontal(flags)).to_series()


def _refuse_another_unit(measured: pl.Series, known: _Plausible, quantity: str, where: str) -> None:
    middle = measured.median()
    if known.median is None or not isinstance(middle, float):
        return
    low, high = known.median
    if low <= middle <= high:
        return
    for mistake in known.mistakes:
        if low <= middle * mistake.factor + mistake.add <= high:
            raise BadInput(
                cause=f"{where}: half of the values lie below {middle:.4g}, which reads like {mistake.name};"
                f" {quantity} was expected, with its middle between {low:g} and {high:g}",
                mend=mistake.mend,
            )


@lru_cache(maxsize=1)
def _table() -> Mapping[str, _Plausible]:
    raw = tomllib.loads(files("features.tables").joinpath("plausible.toml").read_text(encoding="utf-8"))
    return {
        quantity: _Plausible(
            low=row["range"][0],
            high=row["range"][1],
            median=(row["median"][0], row["median"][1]) if "median" in row else None,
            mistakes=tuple(
                _Mistake(name=one["as"], factor=one.get("factor", 1), add=one.get("add", 0))
                for one in row.get("mistaken", ())
            ),
        )
        for quantity, row in raw.items()
    }

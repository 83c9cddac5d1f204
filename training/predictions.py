"""Forecasts as rows: one a prediction, in the columns that evaluation, store and wire share."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from features.atomic import writing
from features.clock import utc_times
from features.quantiles import column
from features.series import FloatArray

_TIME, _NAME = pa.timestamp("s", "UTC"), pa.dictionary(pa.int32(), pa.string())
_BEFORE = pa.schema(
    [
        ("issued_at", _TIME),
        ("target_time", _TIME),
        ("step", pa.int16()),
        ("entity_id", _NAME),
        ("quantity", _NAME),
        ("unit", _NAME),
    ]
)
_AFTER = pa.schema(
    [
        ("observed", pa.float32()),
        ("model", _NAME),
        ("version", pa.int32()),
        ("quality", _NAME),
    ]
)

# Written in groups of about this many rows: what is held in memory at once.
_GROUP_ROWS = 1_000_000


class Label(Protocol):
    """What every row says of where it comes from; a manifest says it all."""

    @property
    def name(self) -> str:
        """Of the model."""

    @property
    def version(self) -> int:
        """Of the model; 0 where it was never published."""

    @property
    def quantity(self) -> str:
        """What is forecast."""

    @property
    def unit(self) -> str:
        """Of the values."""

    @property
    def step_min(self) -> int:
        """Minutes between two targets."""

    @property
    def quantiles(self) -> tuple[float, ...]:
        """That are forecast, rising."""

    @property
    def simulated(self) -> bool:
        """Whether anything in it is."""


def schema(label: Label) -> pa.Schema:
    """Columns of DESIGN.md, one for each quantile; the metadata says whether anything is simulated.

    ``observed`` is null where nothing was measured, a quantile where nothing can be said.
    """
    quantiles = [pa.field(column(level), pa.float32()) for level in label.quantiles]
    return pa.schema([*_BEFORE, *quantiles, *_AFTER], {"simulated": str(label.simulated).lower()})


class PredictionWriter:
    """Adds issue times to a Parquet file, a bounded number of rows in memory."""

    def __init__(self, parquet: pq.ParquetWriter, label: Label, entities: tuple[str, ...]) -> None:
        self._parquet, self._label, self._entities = parquet, label, entities
        self._schema = schema(label)
        self._tables: list[pa.Table] = []
        self._rows = 0

    def add(
        self,
        issued_at: datetime,
        forecast: FloatArray,
        measured: FloatArray,
        quality: list[str],
    ) -> None:
        """Add one issue time.

        Args:
            issued_at: aware.
            forecast: (entity, step, quantile), as the label says.
            measured: (entity, step), NaN where missing.
            quality: of each entity.
        """
        entities, steps = measured.shape
        targets = utc_times(issued_at, self._label.step_min, steps)
        rows = entities * steps
        columns = [
            pa.array(np.repeat(utc_times(issued_at, self._label.step_min, 1), rows), _TIME),
            pa.array(np.tile(targets, entities), _TIME),
            pa.array(np.tile(np.arange(1, steps + 1, dtype=np.int16), entities)),
            _repeated(list(self._entities), np.repeat(np.arange(entities), steps)),
            _constant(self._label.quantity, rows),
            _constant(self._label.unit, rows),
            *(_nullable(forecast[..., quantile]) for quantile in range(len(self._label.quantiles))),
            _nullable(measured),
            _constant(self._label.name, rows),
            pa.array(np.full(rows, self._label.version, dtype=np.int32)),
            _repeated(*_codes(quality, steps)),
        ]
        self._tables.append(pa.Table.from_arrays(columns, schema=self._schema))
        self._rows += rows
        if self._rows >= _GROUP_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._tables:
            self._parquet.write_table(pa.concat_tables(self._tables).unify_dictionaries())
        self._tables, self._rows = [], 0


@contextmanager
def prediction_writer(path: Path, label: Label, entities: tuple[str, ...]) -> Iterator[PredictionWriter]:
    """Write ``path`` whole or not at all, in the columns of ``schema``."""
    with writing(path) as partial, pq.ParquetWriter(partial, schema(label), compression="zstd") as parquet:
        writer = PredictionWriter(parquet, label, entities)
        yield writer
        writer.flush()


def _constant(text: str, rows: int) -> pa.DictionaryArray:
    return _repeated([text], np.zeros(rows, dtype=np.int32))


def _codes(texts: list[str], times: int) -> tuple[list[str], npt.NDArray[np.int64]]:
    distinct, codes = np.unique(np.array(texts), return_inverse=True)
    return distinct.tolist(), np.repeat(codes, times)


def _repeated(texts: list[str], codes: npt.NDArray[np.generic]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(texts))


def _nullable(values: FloatArray) -> pa.Array:
    return pa.array(np.ascontiguousarray(values).ravel(), pa.float32(), from_pandas=True)

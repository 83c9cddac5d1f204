"""A parking model's predictions as rows in the columns of DESIGN.md, with the odds of being full and the capacity."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from features.atomic import writing
from features.clock import utc_times
from features.manifest import Manifest
from features.quantiles import column
from features.series import FloatArray
from training.parking.replay import Issue

_TIME, _NAME = pa.timestamp("s", "UTC"), pa.dictionary(pa.int32(), pa.string())
_GROUP_ROWS = 1_000_000


class PredictionWriter:
    """Adds issue times to a Parquet file, a bounded number of rows in memory."""

    def __init__(
        self, parquet: pq.ParquetWriter, manifest: Manifest, lots: Sequence[str], capacity: FloatArray
    ) -> None:
        self._parquet, self._manifest, self._lots, self._capacity = parquet, manifest, list(lots), capacity
        self._tables: list[pa.Table] = []

    def add(self, issue: Issue, quality: Sequence[str]) -> None:
        """Add one issue time.

        Args:
            issue: what was forecast and came.
            quality: of each lot.
        """
        m, (lots, steps) = self._manifest, issue.came.shape
        rows = lots * steps
        targets = utc_times(issue.issued_at, m.step_min, steps + 1)[1:]
        distinct, codes = np.unique(np.array(quality), return_inverse=True)
        values = {
            "issued_at": pa.array(np.repeat(utc_times(issue.issued_at, m.step_min, 1), rows), _TIME),
            "target_time": pa.array(np.tile(targets, lots), _TIME),
            "step": pa.array(np.tile(np.arange(1, steps + 1, dtype=np.int16), lots)),
            "entity_id": _named(self._lots, np.repeat(np.arange(lots), steps)),
            "quantity": _named([m.quantity], np.zeros(rows, dtype=np.int64)),
            "unit": _named([m.unit], np.zeros(rows, dtype=np.int64)),
            **{column(level): _nullable(issue.free[..., at]) for at, level in enumerate(m.quantiles)},
            "observed": _nullable(issue.came),
            "full": _nullable(issue.full),
            "capacity": _nullable(np.repeat(self._capacity, steps)),
            "model": _named([m.name], np.zeros(rows, dtype=np.int64)),
            "version": pa.array(np.full(rows, m.version, dtype=np.int32)),
            "quality": _named(distinct.tolist(), np.repeat(codes, steps)),
        }
        schema = self._parquet.schema
        self._tables.append(pa.Table.from_arrays([values[name] for name in schema.names], schema=schema))
        if sum(map(len, self._tables)) >= _GROUP_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._tables:
            self._parquet.write_table(pa.concat_tables(self._tables).unify_dictionaries())
        self._tables = []


@contextmanager
def writer(
    path: Path, manifest: Manifest, lots: Sequence[str], capacity: FloatArray, *, simulated: bool
) -> Iterator[PredictionWriter]:
    """Write ``path`` whole or not at all.

    Args:
        path: a Parquet file; its metadata holds the config, by which alerts can be replayed from it alone.
        manifest: of the model.
        lots: in the order of the forecasts.
        capacity: (lot,), spaces.
        simulated: whether the counts, or the model's, are.
    """
    metadata = {"simulated": str(simulated).lower(), "config": json.dumps(manifest.config)}
    quantiles = [(column(level), pa.float32()) for level in manifest.quantiles]
    schema = pa.schema(
        [
            *(("issued_at", _TIME), ("target_time", _TIME), ("step", pa.int16())),
            *(("entity_id", _NAME), ("quantity", _NAME), ("unit", _NAME)),
            *quantiles,
            *(("observed", pa.float32()), ("full", pa.float32()), ("capacity", pa.float32())),
            *(("model", _NAME), ("version", pa.int32()), ("quality", _NAME)),
        ],
        metadata,
    )
    with writing(path) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as parquet:
        found = PredictionWriter(parquet, manifest, lots, capacity)
        yield found
        found.flush()


def _named(texts: list[str], codes: npt.NDArray[np.generic]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(texts))


def _nullable(values: npt.NDArray[np.generic]) -> pa.Array:
    return pa.array(np.ascontiguousarray(values).ravel(), pa.float32(), from_pandas=True)

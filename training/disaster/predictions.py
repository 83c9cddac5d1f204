"""A hazard's predictions as rows: one a place, issue time, horizon and level, in the columns of DESIGN.md."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from features.atomic import writing
from features.disaster.build import QUALITIES
from features.disaster.config import QUANTILES, DisasterConfig
from features.manifest import Manifest
from features.quantiles import column
from training.disaster.sample import Said, Sample

_TIME, _NAME = pa.timestamp("s", "UTC"), pa.dictionary(pa.int32(), pa.string())
_ROWS = 50_000


def write(
    said: Said,
    sample: Sample,
    rows: npt.NDArray[np.bool_],
    places: tuple[str, ...],
    manifest: Manifest,
    path: Path,
    *,
    simulated: bool,
) -> None:
    """Write ``path`` whole or not at all.

    ``probability`` is that of the level being met within the time up to the target; ``observed`` is the quantity then.

    Args:
        said: of every row.
        sample: of the same rows.
        rows: (row,), which are written.
        places: names of the places.
        manifest: of the model.
        path: a Parquet file.
        simulated: whether the readings, or the model's, are.
    """
    chosen = np.flatnonzero(rows)
    # With the hazard's row and its thresholds an alert can be replayed from the file alone.
    schema = _schema({"simulated": str(simulated).lower(), "config": json.dumps(manifest.config)})
    with writing(path) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as parquet:
        for start in range(0, len(chosen), _ROWS):
            some = chosen[start : start + _ROWS]
            parquet.write_table(_table(said, sample, some, places, manifest, schema))


def _schema(metadata: dict[str, str]) -> pa.Schema:
    times = [("issued_at", _TIME), ("target_time", _TIME), ("step", pa.int16())]
    names = [("entity_id", _NAME), ("quantity", _NAME), ("unit", _NAME), ("hazard", _NAME), ("level", _NAME)]
    values = [(name, pa.float32()) for name in ("probability", *map(column, QUANTILES), "observed")]
    return pa.schema([*times, *names, *values, ("model", _NAME), ("version", pa.int32()), ("quality", _NAME)], metadata)


def _table(
    said: Said,
    sample: Sample,
    rows: npt.NDArray[np.int64],
    places: tuple[str, ...],
    manifest: Manifest,
    schema: pa.Schema,
) -> pa.Table:
    hazard = DisasterConfig.from_json(manifest.config).hazard
    levels = [level.name for level in hazard.levels]
    steps = np.array(sample.labels.horizons_steps)
    shape = (len(rows), len(levels), len(steps))

    def spread(values: npt.NDArray[np.generic], axis: tuple[int, ...]) -> npt.NDArray[np.generic]:
        """``values``, whose axes are ``axis`` of (row, level, horizon), for every one of them."""
        whole = [size if at in axis else 1 for at, size in enumerate(shape)]
        return np.ascontiguousarray(np.broadcast_to(values.reshape(whole), shape)).reshape(-1)

    issued = sample.labels.times[sample.issue[rows]]
    target = issued[:, None] + steps * np.timedelta64(manifest.step_min * 60, "s")
    codes = {
        "entity_id": (list(places), spread(sample.place[rows], (0,))),
        "quantity": ([manifest.quantity], np.zeros(np.prod(shape), dtype=np.int64)),
        "unit": ([manifest.unit], np.zeros(np.prod(shape), dtype=np.int64)),
        "hazard": ([hazard.name], np.zeros(np.prod(shape), dtype=np.int64)),
        "level": (levels, spread(np.arange(len(levels)), (1,))),
        "model": ([manifest.name], np.zeros(np.prod(shape), dtype=np.int64)),
        "quality": (list(QUALITIES), spread(sample.quality[rows].astype(np.int64), (0,))),
    }
    named = {
        name: pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32)), pa.array(texts))
        for name, (texts, code) in codes.items()
    }
    columns = named | {
        "issued_at": pa.array(spread(issued, (0,)), _TIME),
        "target_time": pa.array(spread(target, (0, 2)), _TIME),
        "step": pa.array(spread(steps.astype(np.int16), (2,)), pa.int16()),
        "probability": _nullable(said.within[rows].reshape(-1)),
        "observed": _nullable(spread(sample.at[rows], (0, 2))),
        "version": pa.array(np.full(np.prod(shape), manifest.version, dtype=np.int32)),
    }
    for number, quantile in enumerate(QUANTILES):
        columns[column(quantile)] = _nullable(spread(said.level[rows, :, number], (0, 2)))
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)


def _nullable(values: npt.NDArray[np.generic]) -> pa.Array:
    return pa.array(values, pa.float32(), from_pandas=True)

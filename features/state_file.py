"""A domain's state as a Parquet file: one row an array, with its shape, the names that it goes by, and its time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from features.atomic import full_disk_named
from features.errors import ArtifactMismatch
from features.series import FloatArray

_MEND = "Train the model again; state and config must come from one training"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrays:
    """What a state's file holds.

    Attributes:
        arrays: by name, float32.
        names: of axes, such as entities, by what they are.
        as_of: until when the state has seen measurements.
    """

    arrays: Mapping[str, FloatArray]
    names: Mapping[str, tuple[str, ...]]
    as_of: datetime


def write(held: Arrays, path: Path) -> None:
    """Write one row an array.

    Raises:
        OSError: the disk is full.
    """
    arrays, rows = held.arrays.values(), len(held.arrays)
    frame = pl.DataFrame(
        {
            "array": pl.Series(list(held.arrays), dtype=pl.String),
            "shape": pl.Series([list(array.shape) for array in arrays], dtype=pl.List(pl.Int64)),
            "values": pl.Series([array.ravel().tolist() for array in arrays], dtype=pl.List(pl.Float32)),
            **{key: pl.Series([list(names)] * rows, dtype=pl.List(pl.String)) for key, names in held.names.items()},
            "as_of": pl.Series([held.as_of] * rows, dtype=pl.Datetime("us", "UTC")),
        }
    )
    with full_disk_named():
        frame.write_parquet(path)


def read(path: Path, arrays: Sequence[str], names: Sequence[str]) -> Arrays:
    """What ``write`` wrote.

    Args:
        path: of the file.
        arrays: that it must hold.
        names: of axes that it must hold.

    Raises:
        ArtifactMismatch: no Parquet file of such a state.
    """
    try:
        rows = {row["array"]: row for row in pl.read_parquet(path).iter_rows(named=True)}
        first = rows[arrays[0]]
        return Arrays(
            arrays={
                name: np.array(rows[name]["values"], dtype=np.float32).reshape(rows[name]["shape"]) for name in arrays
            },
            names={key: tuple(first[key]) for key in names},
            as_of=first["as_of"],
        )
    except (pl.exceptions.PolarsError, OSError, KeyError, ValueError) as error:
        raise ArtifactMismatch(cause=f"{path.name} cannot be read: {error}", mend=_MEND) from None


def fill(state: object, held: Arrays, path: Path) -> None:
    """Put the arrays of a file into a state of the right shapes.

    Raises:
        ArtifactMismatch: an array has another shape than the state's config says.
    """
    for name, array in held.arrays.items():
        expected = getattr(state, name).shape
        if array.shape != expected:
            raise ArtifactMismatch(
                cause=f"{path.name}: '{name}' is {array.shape}, the manifest's config asks for {expected}", mend=_MEND
            )
        setattr(state, name, array)

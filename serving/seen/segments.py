"""Files of logged requests: Parquet, each there whole or not at all, and no more of them than were allowed."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from features.atomic import full_disk_named, writing
from features.errors import BadInput
from serving.served import Served
from serving.tensors import Array, encode

_TENSOR = pl.Struct({"name": pl.String, "datatype": pl.String, "shape": pl.List(pl.Int64), "raw": pl.Binary})
SCHEMA = pl.Schema(
    [
        ("time", pl.Datetime("us", "UTC")),
        ("model", pl.String),
        ("version", pl.Int64),
        ("inputs", pl.List(_TENSOR)),
        ("outputs", pl.List(_TENSOR)),
    ]
)
"""A row is one run of a model. Tensors are as the Open Inference Protocol sends them (``serving/tensors.py``)."""

_ENDING = ".parquet"
_START = "requests-"
_LOG = logging.getLogger("haechi.serving")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much may lie in a folder of segments.

    Attributes:
        most_bytes: of all together; the oldest go first.
        longest: how old one may become.
    """

    most_bytes: int
    longest: timedelta


def row(at: datetime, served: Served, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> tuple[object, ...]:
    """One run as a row of ``SCHEMA``."""
    return at, served.manifest.name, served.manifest.version, _tensors(inputs), _tensors(outputs)


def write(folder: Path, rows: Sequence[tuple[object, ...]], at: datetime, process: int) -> Path:
    """A new segment that holds ``rows``, readable by this user alone.

    Args:
        folder: is there.
        rows: of ``SCHEMA``, not empty.
        at: names the segment: names in order are segments in order.
        process: tells segments of several servers apart.

    Raises:
        OSError: it cannot be written.
        StorageFailure: the disk is full.
    """
    path = folder / f"{_START}{at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{process}{_ENDING}"
    with writing(path) as partial, full_disk_named():
        partial.touch(mode=0o600)
        pl.DataFrame(rows, schema=SCHEMA, orient="row").write_parquet(partial)
    return path


def segments(folder: Path) -> list[Path]:
    """The segments of a folder, oldest first; whatever else lies there is nobody's business."""
    return sorted(folder.glob(f"{_START}*{_ENDING}"))


def tidy(folder: Path, bounds: Bounds, now: datetime) -> None:
    """Delete what is too old, then the oldest of what is too much."""
    left, oldest = bounds.most_bytes, (now - bounds.longest).timestamp()
    for path in reversed(segments(folder)):
        try:
            stat = path.stat()
            left -= stat.st_size
            if left < 0 or stat.st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            # Another server of the same folder was faster.
            continue


def read(folder: Path) -> Iterator[pl.DataFrame]:
    """Every segment of a folder, oldest first.

    Raises:
        BadInput: there is none, or one is of another shape.
    """
    paths = segments(folder)
    if not paths:
        raise BadInput(
            cause=f"There is no segment of requests in {folder}",
            mend="Name the folder that HAECHI_REQUEST_LOG named as the server ran",
        )
    for path in paths:
        try:
            frame = pl.read_parquet(path)
        except FileNotFoundError:
            _LOG.warning("%s was deleted meanwhile", path.name)
            continue
        if frame.schema != SCHEMA:
            raise BadInput(cause=f"{path} is no segment of requests of this Haechi", mend="Move it elsewhere")
        yield frame


def _tensors(arrays: Mapping[str, Array]) -> list[dict[str, object]]:
    tensors: list[dict[str, object]] = []
    for name, array in arrays.items():
        datatype, raw = encode(array)
        tensors.append({"name": name, "datatype": datatype, "shape": list(array.shape), "raw": raw})
    return tensors

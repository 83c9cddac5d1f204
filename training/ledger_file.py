"""A ledger as one Parquet file, with everything that a comparison asks of it in the metadata."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.atomic import writing
from features.clock import utc_times
from features.errors import ArtifactMismatch, BadInput
from training.ledger import Ledger, Sums
from training.regimes import PARTS

TEST_ERRORS = "test_errors.parquet"
"""In the artifact folder: the ledger of the test interval."""

_FORMAT = 1
_META = b"haechi_ledger"
_KEYS = {
    "by_issue": ("error", "pinball", "inside", "count"),
    "by_place": ("error", "inside", "count"),
    "by_part": ("error", "inside", "count"),
}
_NAME = pa.dictionary(pa.int32(), pa.string())
_SCHEMA = pa.schema(
    [
        ("table", _NAME),
        ("issued_at", pa.timestamp("s", "UTC")),
        ("step", pa.int16()),
        ("day", pa.date32()),
        ("entity_id", _NAME),
        ("part", _NAME),
        ("error", pa.float32()),
        ("pinball", pa.float32()),
        ("inside", pa.float32()),
        ("count", pa.float32()),
    ]
)


def save(ledger: Ledger, path: Path) -> None:
    """Write ``ledger``: rows (issued_at, step), then (day, entity_id), then (day, part).

    Raises:
        StorageFailure: the disk is full.
    """
    issues, steps = ledger.by_issue["count"].shape
    days = np.arange(ledger.first_day, ledger.first_day + len(ledger.day_kind)).astype("datetime64[D]")
    issued_at = utc_times(ledger.start, ledger.step_min, issues)
    tables = [
        _rows(
            "by_issue",
            ledger.by_issue,
            issued_at=pa.array(np.repeat(issued_at, steps), _SCHEMA.field("issued_at").type),
            step=pa.array(np.tile(np.arange(1, steps + 1, dtype=np.int16), issues)),
        ),
        _by_day("by_place", ledger.by_place, days, "entity_id", ledger.entities),
        _by_day("by_part", ledger.by_part, days, "part", PARTS),
    ]
    meta = {
        "format": _FORMAT,
        "start": ledger.start.isoformat(),
        "end": ledger.end.isoformat(),
        "step_min": ledger.step_min,
        "horizon_steps": ledger.steps,
        "unit": ledger.unit,
        "timezone": ledger.timezone,
        "meant": ledger.meant,
        "data_sha256": ledger.data_sha256,
        "first_day": ledger.first_day,
        "day_kind": ledger.day_kind.tolist(),
        "entities": list(ledger.entities),
    }
    whole = pa.concat_tables(tables).unify_dictionaries()
    with writing(path) as partial:
        pq.write_table(whole.replace_schema_metadata({_META: json.dumps(meta).encode()}), partial, compression="zstd")


def load(path: Path) -> Ledger:
    """Read what ``save`` wrote.

    Raises:
        ArtifactMismatch: it is no ledger, or one of a newer Haechi.
    """
    try:
        table = pq.read_table(path)
        meta = json.loads((table.schema.metadata or {})[_META])
        if meta["format"] != _FORMAT:
            raise ValueError(f"its format is {meta['format']}, this Haechi reads {_FORMAT}")
        days, entities = len(meta["day_kind"]), tuple(meta["entities"])
        return Ledger(
            start=datetime.fromisoformat(meta["start"]),
            step_min=meta["step_min"],
            entities=entities,
            unit=meta["unit"],
            timezone=meta["timezone"],
            meant=meta["meant"],
            data_sha256=meta["data_sha256"],
            first_day=meta["first_day"],
            day_kind=np.array(meta["day_kind"], dtype=np.int8),
            by_issue=_sums(table, "by_issue", (-1, meta["horizon_steps"])),
            by_place=_sums(table, "by_place", (days, len(entities))),
            by_part=_sums(table, "by_part", (days, len(PARTS))),
        )
    except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise ArtifactMismatch(
            cause=f"{path} is no ledger of errors: {error}", mend="Train the model again, or upgrade Haechi here"
        ) from None


def load_ledger(folder: Path) -> Ledger:
    """The ledger of the test interval in an artifact folder that was checked.

    Raises:
        BadInput: it was made by a Haechi that kept none.
    """
    path = folder / TEST_ERRORS
    if not path.is_file():
        raise BadInput(
            cause=f"{folder.parent.name}/{folder.name} holds no {TEST_ERRORS}: it was made by an older Haechi",
            mend="Train it again, or compare on a file that neither model was trained on with --data",
        )
    return load(path)


def _rows(name: str, sums: Mapping[str, Sums], **index: pa.Array) -> pa.Table:
    rows = sums["count"].size
    columns = {key: pa.array(values.ravel()) for key, values in sums.items()} | index
    columns["table"] = _repeated((name,), np.zeros(rows))
    return pa.Table.from_arrays(
        [columns.get(field.name, pa.nulls(rows, field.type)) for field in _SCHEMA], schema=_SCHEMA
    )


def _by_day(name: str, sums: Mapping[str, Sums], days: np.ndarray, column: str, names: tuple[str, ...]) -> pa.Table:
    day = pa.array(np.repeat(days, len(names)), pa.date32())
    return _rows(name, sums, day=day, **{column: _repeated(names, np.tile(np.arange(len(names)), len(days)))})


def _repeated(texts: tuple[str, ...], codes: np.ndarray) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(texts, pa.string()))


def _sums(table: pa.Table, name: str, shape: tuple[int, int]) -> dict[str, Sums]:
    rows = table.filter(pc.equal(table["table"].cast(pa.string()), name))
    return {key: np.array(rows[key].to_numpy(), dtype=np.float32).reshape(shape) for key in _KEYS[name]}

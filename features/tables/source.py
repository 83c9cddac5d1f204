"""Finds a user's files and opens each by what is in it, whatever its name ends in."""

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from glob import glob
from pathlib import Path

import polars as pl

from features.errors import BadInput, UnknownName

_SUFFIXES = (".parquet", ".csv", ".csv.gz", ".xlsx")
_DELIMITERS = ",;\t|"
_SNIFFED_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One Parquet or CSV file, not read yet.

    Attributes:
        path: where it lies.
        lazy: its rows in file order; every column of a CSV is text.
        schema: its columns and their types.
        is_csv: whether lines can be counted in it.
    """

    path: Path
    lazy: pl.LazyFrame
    schema: pl.Schema
    is_csv: bool

    def require(self, column: str, flag: str) -> None:
        """Refuse the file if it has no such column.

        Raises:
            UnknownName: naming the file, the nearest column and the flag that names another.
        """
        if column not in self.schema:
            known = UnknownName.among("column", column, self.schema.names()).mend
            raise UnknownName(
                cause=f"{self.path} has no column '{column}'", mend=f"{known}. {flag} names the right one"
            )

    def row(self, index: int) -> str:
        """How to speak of row ``index`` (from 0, header excluded) to the user, who counts from 1."""
        return f"{self.path}, row {index + 1}" + (f" (line {index + 2})" if self.is_csv else "")

    def text(self, index: int, column: str) -> str:
        """What row ``index`` holds in ``column``, for an error message."""
        cell = self.lazy.select(column).slice(index, 1).collect().item()
        return "nothing" if cell is None else f"'{cell}'"


def find(paths: Sequence[Path]) -> list[Path]:
    """The files that a user's paths mean, in order, each once: files as they are, folders' tables, globs.

    Raises:
        BadInput: a path that is not there, or a folder or glob without any table in it.
    """
    found: dict[Path, None] = {}
    for path in paths:
        found.update(dict.fromkeys(_expand(path)))
    if not found:
        raise BadInput(cause="No file was named", mend="Name a Parquet, CSV or workbook file, a folder or a glob")
    return list(found)


def check_out(out: Path, inputs: Sequence[Path], *, suffix: str) -> None:
    """Refuse to write over what is read, or under a name that belies what is written.

    Args:
        out: the file to be written.
        inputs: what the user named to be read.
        suffix: of the format, e.g. ``.parquet``.

    Raises:
        BadInput: ``out`` is one of the inputs, or ends in something else.
    """
    if out.suffix.lower() != suffix:
        raise BadInput(cause=f"{out} does not end in {suffix}, which is what is written", mend=f"Name it ...{suffix}")
    if any(out.exists() and out.samefile(file) for file in find(inputs)):
        raise BadInput(cause=f"{out} is one of the files that are read", mend="Name another file to write to")


def content(path: Path) -> str:
    """What a file is by its first bytes: ``parquet``, ``csv``, ``workbook``, or words for what else it seems to be.

    Raises:
        BadInput: the file is empty or may not be read.
    """
    head = _head(path)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "workbook"
    known = {b"\xd0\xcf\x11\xe0": "an old workbook (.xls)", b"%PDF": "a PDF", b"\x89PNG": "a picture"}
    known |= {b"<": "HTML or XML", b"{": "JSON", b"[": "JSON"}
    for start, words in known.items():
        if head.lstrip().startswith(start):
            return words
    if b"\0" in head:
        return "binary"
    # The sniffed bytes may end inside a character: only whole lines are judged.
    return "csv" if _is_utf8(head[: head.rfind(b"\n") + 1] or head) else "text that is not UTF-8"


def open_table(path: Path) -> Table:
    """Open one Parquet or CSV file (plain or gzipped).

    Raises:
        BadInput: neither by its content, broken, empty, or with a doubled column.
    """
    kind = content(path)
    opened = {"parquet": _open_parquet, "csv": _open_csv}.get(kind)
    if opened is None:
        raise BadInput(cause=f"{path} is neither Parquet nor CSV: it is {_article(kind)}", mend=_mend(kind))
    try:
        table = opened(path)
    except pl.exceptions.DuplicateError as error:
        raise BadInput(cause=f"{path} has a doubled column: {error}", mend="Rename or drop one of them") from None
    except pl.exceptions.PolarsError as error:
        raise broken(path, error) from None
    return table


def broken(path: Path, error: pl.exceptions.PolarsError) -> BadInput:
    """The error for a file that begins like a table and then cannot be read."""
    ragged = _ragged_line(path) if content(path) == "csv" else None
    return BadInput(
        cause=f"{path} cannot be read: {ragged or str(error).splitlines()[0]}",
        mend="Mend that line" if ragged else "Fetch or write it again: it is cut short or damaged",
    )


def _expand(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        inside = sorted(file for file in path.iterdir() if file.name.endswith(_SUFFIXES) and file.name[0] != ".")
        if not inside:
            raise BadInput(cause=f"No table lies in {path}", mend=f"Put files there that end in {', '.join(_SUFFIXES)}")
        return inside
    matched = [Path(name) for name in sorted(glob(str(path), recursive=True)) if Path(name).is_file()]
    if not matched:
        beside = sorted(file.name for file in path.parent.iterdir()) if path.parent.is_dir() else []
        near = get_close_matches(path.name, beside, n=1)
        raise BadInput(
            cause=f"{path} is not there" + ("" if path.is_absolute() else f", seen from {Path.cwd()}"),
            mend=f"Did you mean {path.parent / near[0]}?" if near else "Check the path, or quote the glob",
        )
    return matched


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(_SNIFFED_BYTES)
        if head.startswith(b"\x1f\x8b"):
            with gzip.open(path) as packed:
                head = packed.read(_SNIFFED_BYTES)
    except PermissionError:
        raise BadInput(cause=f"{path} may not be read", mend=f"Run: chmod +r {path}") from None
    except (EOFError, gzip.BadGzipFile):
        raise BadInput(cause=f"{path} is a damaged gzip file", mend="Fetch it again") from None
    if not head.strip():
        raise BadInput(cause=f"{path} is empty", mend="Export it again, with a header and at least one row")
    return head


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _article(kind: str) -> str:
    return f"a {kind}" if kind in {"workbook", "csv"} else kind


def _mend(kind: str) -> str:
    return {
        "workbook": "Seoul's own monthly workbooks are read with --shape topis; save any other as CSV (UTF-8)",
        "text that is not UTF-8": "Save it as UTF-8, e.g. iconv -f CP949 -t UTF-8, or 'CSV UTF-8' in a spreadsheet",
    }.get(kind, "Export the measurements as Parquet, or as CSV with a header")


def _open_parquet(path: Path) -> Table:
    lazy = pl.scan_parquet(path, glob=False)
    return _whole(path, lazy, lazy.collect_schema(), is_csv=False)


def _open_csv(path: Path) -> Table:
    line = _head(path).decode("utf-8-sig", errors="ignore").splitlines()[0]
    delimiter = max(_DELIMITERS, key=line.count)
    header = next(csv.reader([line], delimiter=delimiter))
    for name in header:
        # polars would rename the second one and go on.
        if header.count(name) > 1:
            raise BadInput(cause=f"{path} has column '{name}' twice", mend="Rename or drop one of them")
    # Types are decided later, cell by cell, so that a wrong cell can be named.
    lazy = pl.scan_csv(path, separator=delimiter, infer_schema=False, glob=False)
    return _whole(path, lazy, lazy.collect_schema(), is_csv=True)


def _whole(path: Path, lazy: pl.LazyFrame, schema: pl.Schema, *, is_csv: bool) -> Table:
    if lazy.head(1).collect().is_empty():
        raise BadInput(cause=f"{path} has a header and no rows", mend="Export it again, with at least one row")
    return Table(path=path, lazy=lazy, schema=schema, is_csv=is_csv)


def _ragged_line(path: Path) -> str | None:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    opened = gzip.open if packed else open
    with opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as lines:
        first = lines.readline()
        delimiter = max(_DELIMITERS, key=first.count)
        expected = len(next(csv.reader([first], delimiter=delimiter)))
        rows = csv.reader(lines, delimiter=delimiter)
        for row in rows:
            if len(row) > expected:
                return f"line {rows.line_num + 1} has {len(row)} fields, the header has {expected}"
    return None

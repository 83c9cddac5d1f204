import gzip

import polars as pl
import pytest

from features.errors import BadInput
from features.tables import Columns, ReadOptions, read

GOOD = "time,entity_id,volume\n2022-01-01T00:00Z,a,1\n2022-01-01T01:00Z,a,2\n"
OPTIONS = ReadOptions(columns=Columns())


def values(frame):
    return frame["volume"].to_list()


def test_content_decides_not_the_suffix(tmp_path):
    (tmp_path / "csv.parquet").write_text(GOOD)
    (tmp_path / "packed.csv").write_bytes(gzip.compress(GOOD.encode()))
    read([tmp_path / "csv.parquet"], "long", OPTIONS).write_parquet(tmp_path / "parquet.csv")
    for name in ("csv.parquet", "packed.csv", "parquet.csv"):
        assert values(read([tmp_path / name], "long", OPTIONS)) == [1, 2]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param(GOOD.replace(",", ";"), "semicolons", id="semicolons"),
        pytest.param(GOOD.replace(",", "\t"), "tabs", id="tabs"),
        pytest.param("\ufeff" + GOOD, "bom", id="a byte order mark"),
        pytest.param(GOOD.replace("\n", "\r\n"), "crlf", id="Windows line ends"),
        pytest.param(GOOD + "\n\n", "blank-lines", id="blank lines at the end"),
    ],
)
def test_csv_as_programs_write_it(tmp_path, text, name):
    path = tmp_path / f"{name}.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert values(read([path], "long", OPTIONS)) == [1, 2]


def test_files_folders_and_globs_are_read_once_and_in_order(tmp_path):
    for month in ("01", "02"):
        (tmp_path / f"{month}.csv").write_text(GOOD.replace("2022-01", f"2022-{month}"))
    (tmp_path / "notes.txt").write_text("not a table")
    whole = read([tmp_path], "long", OPTIONS)
    assert whole.height == 4
    assert read([tmp_path / "*.csv"], "long", OPTIONS).equals(whole)
    assert read([tmp_path / "01.csv", tmp_path], "long", OPTIONS).equals(whole)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "is empty", id="nothing in it"),
        pytest.param(b"time,entity_id,volume\n", "no rows", id="a header alone"),
        pytest.param(b"%PDF-1.7", "it is a PDF", id="a PDF"),
        pytest.param(b"<!DOCTYPE html><html>", "HTML", id="an error page saved as a table"),
        pytest.param(b'{"rows": []}', "JSON", id="JSON"),
        pytest.param(b"PK\x03\x04rest", "--shape topis", id="a workbook"),
        pytest.param(b"\xd0\xcf\x11\xe0rest", "old workbook", id="an old workbook"),
        pytest.param(b"\x00\x01\x02", "binary", id="binary"),
        pytest.param("시간,지점\n1,2\n".encode("cp949"), "UTF-8", id="Korean in CP949"),
        pytest.param(b"PAR1rest", "cannot be read", id="a Parquet file cut short"),
        pytest.param(b"\x1f\x8b\x08rest", "damaged gzip", id="a gzip file cut short"),
        pytest.param(b"time,volume,entity_id,volume\n1,2,3,4\n", "'volume' twice", id="a doubled column"),
        pytest.param(GOOD.encode() + b"2022-01-01T02:00Z,a,3,4\n", "line 4 has 4 fields", id="a line too long"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, words):
    path = tmp_path / "measured.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=words) as refused:
        read([path], "long", OPTIONS)
    assert "measured.csv" in refused.value.cause
    assert refused.value.mend


def test_doubled_column_of_a_parquet_file_is_refused(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "doubled.parquet"
    parquet.write_table(arrow.table([[1], [2]], names=["volume", "volume"]), path)
    with pytest.raises(BadInput, match="doubled column"):
        read([path], "long", OPTIONS)


def test_path_that_is_not_there_gets_the_nearest(tmp_path):
    (tmp_path / "volumes.csv").write_text(GOOD)
    with pytest.raises(BadInput, match=r"volumes\.csv"):
        read([tmp_path / "volume.csv"], "long", OPTIONS)


def test_folder_without_tables_is_refused(tmp_path):
    with pytest.raises(BadInput, match="No table lies in"):
        read([tmp_path], "long", OPTIONS)


def test_unknown_shape_gets_the_nearest(tmp_path):
    with pytest.raises(BadInput, match="Did you mean 'topis'"):
        read([tmp_path], "topi", OPTIONS)


def test_categories_of_several_files_agree(tmp_path):
    frames = [
        pl.DataFrame({"time": ["2022-01-01T00:00Z"], "entity_id": [name], "volume": [1.0]}) for name in ("b", "a")
    ]
    for i, frame in enumerate(frames):
        frame.write_parquet(tmp_path / f"{i}.parquet")
    assert read([tmp_path], "long", OPTIONS)["entity_id"].cast(pl.String).to_list() == ["b", "a"]

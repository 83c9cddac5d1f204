import pytest

from features.errors import BadInput
from features.tables.source import check_out


def test_what_is_read_is_never_written_over(tmp_path):
    (tmp_path / "volumes.parquet").write_bytes(b"PAR1")
    (tmp_path / "link.parquet").symlink_to(tmp_path / "volumes.parquet")
    for out in ("volumes.parquet", "link.parquet"):
        with pytest.raises(BadInput, match="is one of the files that are read"):
            check_out(tmp_path / out, [tmp_path], suffix=".parquet")


def test_a_name_that_belies_the_format_is_refused(tmp_path):
    (tmp_path / "volumes.csv").write_text("time\n")
    with pytest.raises(BadInput, match=r"does not end in \.parquet"):
        check_out(tmp_path / "out.csv", [tmp_path / "volumes.csv"], suffix=".parquet")


def test_a_new_file_beside_them_is_fine_and_is_not_made_yet(tmp_path):
    (tmp_path / "volumes.csv").write_text("time\n")

    check_out(tmp_path / "out.PARQUET", [tmp_path / "volumes.csv"], suffix=".parquet")

    assert [file.name for file in tmp_path.iterdir()] == ["volumes.csv"]

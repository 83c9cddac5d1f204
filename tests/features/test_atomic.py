import errno

import pytest

from features.atomic import writing
from features.errors import BadInput, StorageFailure


def test_file_takes_its_name_once_it_is_whole(tmp_path):
    out = tmp_path / "out.txt"
    with writing(out) as partial:
        partial.write_text("whole")
        assert not out.exists()
    assert out.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("number", "raised"),
    [
        pytest.param(errno.ENOSPC, StorageFailure, id="a full disk"),
        pytest.param(errno.EIO, OSError, id="a broken disk"),
    ],
)
def test_failure_leaves_the_older_file_and_nothing_else(tmp_path, number, raised):
    out = tmp_path / "out.txt"
    out.write_text("older")

    def fail_halfway():
        with writing(out) as partial:
            partial.write_text("ha")
            raise OSError(number, "the disk")

    with pytest.raises(raised, match="disk"):
        fail_halfway()
    assert out.read_text() == "older"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("nowhere/out.txt", "mkdir -p", id="its folder is not there"),
        pytest.param(".", "Name a file in it", id="it is a folder"),
    ],
)
def test_place_that_cannot_hold_a_file_is_refused(tmp_path, name, words):
    with pytest.raises(BadInput, match=words), writing(tmp_path / name):
        pytest.fail("nothing may be written")

"""A ledger comes back from its file as it was."""

from dataclasses import fields

import numpy as np
import polars as pl
import pytest

from features.errors import ArtifactMismatch
from tests.training.ledgers import ledger_of
from training.ledger_file import TEST_ERRORS, load, save


@pytest.fixture
def ledger():
    chance = np.random.default_rng(7)
    return ledger_of(chance.normal(0, 9, (50, 2, 3)))


def test_what_was_saved_is_loaded(ledger, tmp_path):
    save(ledger, tmp_path / TEST_ERRORS)
    found = load(tmp_path / TEST_ERRORS)

    for field in fields(ledger):
        before, after = getattr(ledger, field.name), getattr(found, field.name)
        if isinstance(before, dict):
            for key, sums in before.items():
                np.testing.assert_array_equal(after[key], sums, err_msg=f"{field.name} {key}")
        else:
            np.testing.assert_array_equal(after, before, err_msg=field.name)


def test_its_rows_can_be_read_by_anyone(ledger, tmp_path):
    save(ledger, tmp_path / TEST_ERRORS)
    rows = pl.read_parquet(tmp_path / TEST_ERRORS)

    issued = rows.filter(pl.col("table") == "by_issue")
    assert issued.height == 50 * 3
    assert issued["issued_at"][3] == ledger.start + (ledger.end - ledger.start) / 52
    assert issued["step"][:4].to_list() == [1, 2, 3, 1]
    places = rows.filter(pl.col("table") == "by_place")
    assert places["entity_id"].unique().sort().to_list() == ["P-0", "P-1"]
    assert str(places["day"].min()) == "2022-03-07"


@pytest.mark.parametrize(
    "content", [pytest.param(b"PAR1", id="half a file"), pytest.param(None, id="some other table")]
)
def test_another_file_is_no_ledger(content, tmp_path):
    path = tmp_path / TEST_ERRORS
    if content is None:
        pl.DataFrame({"a": [1]}).write_parquet(path)
    else:
        path.write_bytes(content)

    with pytest.raises(ArtifactMismatch, match=r"test_errors\.parquet is no ledger of errors"):
        load(path)

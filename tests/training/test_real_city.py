"""A few weeks of Seoul, from the file to a champion, by the commands that a user types."""

import polars as pl
import pytest

from features.errors import BadInput

SITES, WEEKS = 12, 10
COLUMNS = {
    "issued_at": pl.Datetime("ms", "UTC"),
    "target_time": pl.Datetime("ms", "UTC"),
    "step": pl.Int16,
    "entity_id": pl.Categorical,
    "quantity": pl.Categorical,
    "unit": pl.Categorical,
    "q10": pl.Float32,
    "q50": pl.Float32,
    "q90": pl.Float32,
    "observed": pl.Float32,
    "model": pl.Categorical,
    "version": pl.Int32,
    "quality": pl.Categorical,
}


@pytest.fixture
def seoul(real_data, tmp_path):
    """Files of the first sites: ten weeks, and the two weeks after."""
    volumes = pl.read_parquet(real_data / "traffic" / "seoul_volume_2022.parquet")
    sites = volumes["site_id"].unique().sort()[:SITES]
    some = volumes.filter(pl.col("site_id").is_in(sites.implode()))
    first = some["time"].min()
    cut, end = first + pl.duration(weeks=WEEKS), first + pl.duration(weeks=WEEKS + 2)
    some.filter(pl.col("time") < cut).write_parquet(tmp_path / "weeks.parquet")
    some.filter(pl.col("time") >= cut, pl.col("time") < end).write_parquet(tmp_path / "later.parquet")
    return tmp_path


def test_from_the_file_to_a_champion(seoul, real_data, home, document, run_command):
    where = ("--data", seoul / "weeks.parquet", "--entity-col", "site_id,direction")
    places = ("--entities", real_data / "traffic" / "seoul_sites.csv")
    trained = document("train", "traffic", *where, *places, "--seed", "3", "--set", 'members=["linear"]')
    mae = {row["forecaster"]: row["mae"] for row in trained["scores"]}
    assert (trained["model"], trained["version"], trained["champion"]) == ("traffic", 1, 1)
    assert mae["linear"] < mae["same hour last week"]
    assert 0.7 < trained["coverage"] < 0.9

    # A-01 was not measured in those weeks.
    assert document("models", "list")["models"][0]["entities"] == 2 * SITES - 2
    assert "Scores on the test interval" in run_command("models", "show", "traffic/1")
    assert document("models", "verify", "traffic")["models"][0]["ok"]

    out = seoul / "predictions.parquet"
    judged = document("evaluate", "traffic", *where, "--split", "test", "--out", out)
    for name in ("scores", "coverage", "pinball"):
        assert judged[name] == trained[name], name
    frame = pl.read_parquet(out)
    assert list(frame.schema.items()) == list(COLUMNS.items())
    assert frame["entity_id"].n_unique() == 2 * SITES - 2
    assert frame.filter(pl.col("target_time") != pl.col("issued_at") + pl.duration(hours=pl.col("step") - 1)).is_empty()
    assert judged["targets"] == frame["observed"].count()

    later = document("evaluate", "traffic", "--data", seoul / "later.parquet", *where[2:], "--split", "all")
    after = {row["forecaster"]: row["mae"] for row in later["scores"]}
    assert later["remark"].startswith("state carried on from")
    assert after["linear"] < after["last value"]
    with pytest.raises(BadInput, match="the model learned from"):
        run_command("evaluate", "traffic", *where, "--split", "all")

    document("train", "traffic", *where, "--quick")
    worse_or_alike = r"No difference beyond chance between traffic/2|traffic/1 errs less than traffic/2"
    with pytest.raises(BadInput, match=worse_or_alike):
        run_command("models", "promote", "traffic/2")
    assert document("models", "promote", "traffic/2", "--force", "--reason", "a try")["before"] == 1
    assert document("models", "rollback", "traffic")["champion"] == 1

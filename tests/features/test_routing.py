"""Where calls go beside the champion is written at once, read back, and refused where it makes no sense."""

from pathlib import Path
from typing import Any

import pytest

from features.errors import BadInput, StorageFailure
from features.routing import CHAMPION_ALONE, Routing, read_routing, write_routing


def test_a_routing_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "traffic").mkdir()
    routing = Routing(canary=5, share=0.1, zones=("gangnam", "mapo"), shadow=6)

    assert read_routing(tmp_path, "traffic") == CHAMPION_ALONE
    write_routing(tmp_path, "traffic", routing)

    assert read_routing(tmp_path, "traffic") == routing
    assert routing.versions == (5, 6)
    assert [path.name for path in (tmp_path / "traffic").iterdir()] == ["routing.json"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        pytest.param({"canary": 5, "share": 1.5}, "outside 0 to 1", id="more than all calls"),
        pytest.param({"canary": 5, "share": float("nan")}, "outside 0 to 1", id="no number"),
        pytest.param({"canary": 5}, "answer nobody", id="a canary of nobody"),
        pytest.param({"share": 0.5}, "without a canary", id="a share of no version"),
        pytest.param({"canary": 5, "zones": ("../etc",)}, "not a zone's name", id="a zone that is a path"),
    ],
)
def test_a_routing_that_makes_no_sense_is_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        Routing(**wrong)


@pytest.mark.parametrize("content", ["{", "[]", '{"canary": 5}', '{"canary": "five", "shares": 1}'])
def test_a_damaged_file_says_how_to_mend_it(content: str, tmp_path: Path) -> None:
    (tmp_path / "traffic").mkdir()
    (tmp_path / "traffic" / "routing.json").write_text(content)

    with pytest.raises(StorageFailure, match="haechi models route traffic"):
        read_routing(tmp_path, "traffic")


def test_it_reads_as_a_sentence() -> None:
    assert str(CHAMPION_ALONE) == "the champion alone"
    assert str(Routing(canary=5, share=0.1, zones=("mapo",), shadow=6)) == (
        "canary 5 for 10% of the calls and the zones mapo; shadow 6"
    )

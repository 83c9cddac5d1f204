"""What was logged is asked again, and differences to the answers of then are told."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from features.errors import BadInput, HaechiError
from haechi import app
from serving.runtime import Runtime
from serving.seen import segments
from serving.seen.replay import replay

COUNTS = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)
WEIGHT = np.array([[2], [10]], dtype=np.float32)
NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture
def logged(watched: Callable[..., "Watched"], tmp_path: Path) -> Path:  # noqa: F821
    """Two calls of ``doubler/1``, one of ``weigher/1``."""
    seen = watched(request_log=tmp_path / "requests", request_log_share=1.0)
    seen.double()
    seen.double()
    seen.client.infer("weigher", {"counts": COUNTS, "weight": WEIGHT}, version="1")
    seen.server.stop(0)
    return tmp_path / "requests"


def test_the_same_version_answers_the_same(logged: Path, watched) -> None:
    doubler, weigher = replay(logged, watched().server.address)

    assert (doubler.model, doubler.requests, doubler.equal, doubler.largest_share) == ("doubler/1", 2, 2, 0.0)
    assert (weigher.model, weigher.requests, weigher.equal) == ("weigher/1", 1, 1)


def test_another_version_differs_by_a_share_of_the_answers_size(logged: Path, watched) -> None:
    (weigher,) = replay(logged, watched().server.address, model="weigher", any_version=True)

    assert (weigher.requests, weigher.equal, weigher.refused) == (1, 0, 0)
    # Version 2 adds where version 1 multiplied.
    times, plus = COUNTS * WEIGHT, COUNTS + WEIGHT
    assert weigher.mean_share == pytest.approx(np.abs(plus - times).mean() / times.mean())


def test_what_is_refused_now_is_told_with_its_reason(tmp_path: Path, watched, own_runtime: Runtime) -> None:
    rows = [segments.row(NOW, own_runtime.get("doubler"), {"x": COUNTS[:, :2]}, {"y": COUNTS})]
    segments.write(tmp_path, rows, NOW, 1)
    (doubler,) = replay(tmp_path, watched().server.address)

    assert (doubler.requests, doubler.equal, doubler.refused) == (1, 0, 1)
    assert "expected shape" in doubler.why


def test_missing_numbers_equal_themselves(tmp_path: Path, watched, own_runtime: Runtime) -> None:
    x = np.array([[np.nan, 1, 2]], dtype=np.float32)
    segments.write(tmp_path, [segments.row(NOW, own_runtime.get("doubler"), {"x": x}, {"y": x + x})], NOW, 1)
    (doubler,) = replay(tmp_path, watched().server.address)

    assert doubler.equal == 1


def test_a_model_that_was_not_logged_is_refused(logged: Path, watched) -> None:
    with pytest.raises(BadInput, match="No request of 'parking'"):
        replay(logged, watched().server.address, model="parking")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no segment"):
        replay(tmp_path, "127.0.0.1:1")


def test_a_server_that_is_not_there_ends_it(logged: Path) -> None:
    with pytest.raises(HaechiError, match="No server answers"):
        replay(logged, "127.0.0.1:1")


def test_the_command_prints_a_document(logged: Path, watched) -> None:
    result = CliRunner().invoke(app, ["replay", str(logged), "--server", watched().server.address, "--json"])

    assert result.exit_code == 0
    assert [one["model"] for one in json.loads(result.stdout)["models"]] == ["doubler/1", "weigher/1"]


def test_the_command_prints_a_table(logged: Path, watched) -> None:
    result = CliRunner().invoke(app, ["replay", str(logged), "--server", watched().server.address])

    assert "weigher/1" in result.stdout

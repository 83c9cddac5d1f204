"""What people read of a risk: a picture, why, and where there is no why, that there is none."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from serving.disaster import chart
from serving.disaster.replies import Reason, Why
from tests.serving.disaster.test_alerts import NOW, WORDS, risk

REASON = Reason(quantity="stage_cm", entity_id="jamsu", value=540, unit="cm", without=0.001, effect=0.019, words=WORDS)


def printed(**changes: Any) -> str:
    fields: dict[str, Any] = {
        "model": "disaster-river-jamsu",
        "version": "3",
        "hazard": "river_jamsu",
        "entity_id": "jamsu",
        "level": "advisory",
        "issued_at": NOW,
        "as_of": NOW,
        "target_time": NOW + timedelta(hours=6),
        "simulated": False,
        "timezone": "Asia/Seoul",
        "probability": 0.02,
        "quality": "ok",
        "reasons": (),
        "method": WORDS,
    }
    console = Console(width=200)
    with console.capture() as captured:
        console.print(chart.reasons(Why(**fields | changes)))
    return captured.get()


CALM = """\
Why advisory at jamsu by Wed 15:00 is 2 %: no measurement alone moves it by half a percentage point.
어느 한 측정값을 빼도 확률은 0.5%p 이상 달라지지 않습니다.
"""
DEAD = """\
Why advisory at jamsu by Wed 15:00 is not known: the model itself did not answer, so there are no reasons \
(degraded: no reading).
모델이 직접 답한 것이 아니므로 이유도 없습니다(degraded: no reading).
"""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({}, CALM, id="calm"),
        pytest.param({"probability": None, "quality": "degraded: no reading"}, DEAD, id="a dead gauge"),
    ],
)
def test_without_reasons_one_sentence_is_said(changes: Any, said: str) -> None:
    assert printed(**changes) == said


def test_a_fallback_weighs_no_measurement() -> None:
    assert "the model itself did not answer" in printed(quality="fallback: the model failed")


def test_reasons_are_a_table() -> None:
    said = printed(reasons=(REASON,))
    assert "because" in said
    assert "+1.9" in said


def test_a_picture_names_quantity_and_unit_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(chart, "save_png", lambda figure, path: drawn.append(figure))
    chart.png(risk(), risk().places[0], Path("risk.png"))
    above, _ = drawn[0].axes
    assert above.get_ylabel() == "water level, cm"
    for axes in drawn[0].axes:
        legend = axes.get_legend().get_window_extent()
        assert legend.y0 >= axes.get_window_extent().y1 - 1, "no line runs through the legend"

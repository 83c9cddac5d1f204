"""Pictures with Korean names, where their font is there and where it is not."""

import warnings

import pytest
from matplotlib.figure import Figure

from features import figure
from features.figure import save_png


@pytest.fixture(autouse=True)
def _unsaid():
    figure._boxes.cache_clear()
    yield
    figure._boxes.cache_clear()


def titled(text):
    drawn = Figure(figsize=(2, 1))
    drawn.suptitle(text)
    return drawn


def test_without_a_korean_font_it_says_once_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(figure, "_KOREAN_FONTS", ())
    for number in range(2):
        save_png(titled("서울 주차장"), tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().err.count("fonts-nanum") == 1


def test_a_latin_title_needs_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(figure, "_KOREAN_FONTS", ())
    save_png(titled("Seoul"), tmp_path / "a.png")
    assert capsys.readouterr().err == ""


def test_other_warnings_go_on(monkeypatch, tmp_path):
    drawn = titled("Seoul")
    monkeypatch.setattr(drawn, "savefig", lambda *_, **__: warnings.warn("odd", UserWarning, stacklevel=1))
    with pytest.warns(UserWarning, match="odd"):
        save_png(drawn, tmp_path / "a.png")

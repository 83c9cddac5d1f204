import json

import pytest
from rich.table import Table
from rich.text import Text

from features.console import emit, fail, note, progress, warn
from features.errors import BadInput, HaechiError, UnknownName


def draw_nothing(console):
    raise AssertionError("asked for JSON, nothing is drawn")


def test_json_answer_is_one_document_and_keeps_korean(capsys):
    emit({"entity": "강변북로/in", "scores": [1.5, None]}, as_json=True, render=draw_nothing)
    out, err = capsys.readouterr()
    assert json.loads(out) == {"entity": "강변북로/in", "scores": [1.5, None]}
    assert "강변북로" in out
    assert err == ""


def test_json_never_holds_what_other_parsers_refuse(capsys):
    with pytest.raises(ValueError, match="not JSON compliant"):
        emit({"score": float("nan")}, as_json=True, render=draw_nothing)
    assert capsys.readouterr().out == ""


def test_drawn_answer_is_on_stdout(capsys):
    emit({"a": 1}, as_json=False, render=lambda console: console.print("drawn"))
    assert capsys.readouterr() == ("drawn\n", "")


@pytest.mark.parametrize("say", [note, warn])
def test_what_is_no_answer_goes_to_stderr(capsys, say):
    say("reading")
    assert capsys.readouterr() == ("", "reading\n")


def test_failure_says_cause_and_mend_on_stderr(capsys):
    fail(BadInput(cause="Row 7 has no time", mend="Give it one"))
    assert capsys.readouterr() == ("", "error: Row 7 has no time\n  fix: Give it one\n")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("entity A:100:in", id="a colon code is no emoji"),
        pytest.param("/data/[bold]/[/x].csv", id="brackets are no markup"),
        pytest.param("x" * 300, id="a long line is not broken"),
    ],
)
def test_text_is_printed_as_it_is(capsys, text):
    warn(text)
    emit({}, as_json=False, render=lambda console: console.print(text, markup=False, soft_wrap=True))
    assert capsys.readouterr() == (f"{text}\n", f"{text}\n")


def test_progress_is_silent_where_nobody_watches(capsys):
    with progress() as bar:
        bar.advance(bar.add_task("training", total=2))
    assert capsys.readouterr() == ("", "")


def test_every_error_carries_cause_and_mend():
    error = HaechiError(cause="It broke", mend="Glue it")
    assert str(error) == "It broke. Glue it"


@pytest.mark.parametrize(
    ("name", "known", "words"),
    [
        pytest.param("tme", ["time"], "Did you mean 'time'? Known: time", id="a near one"),
        pytest.param("x", ["time"], "Known: time", id="none near"),
        pytest.param("x", [], "Known: none", id="nothing known"),
        pytest.param("x", [str(i) for i in range(12)], "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more", id="many"),
    ],
)
def test_unknown_name_offers_what_is_known(name, known, words):
    assert words in UnknownName.among("column", name, known).mend


def test_a_strangers_long_name_is_cut():
    assert len(str(UnknownName.among("model", "x" * 10**6, ["traffic"]))) < 300


@pytest.mark.parametrize("control", [pytest.param(c, id=f"{ord(c):#04x}") for c in "\x00\x07\x08\r\x1b\x7f\x9b"])
def test_control_characters_never_reach_the_terminal(capsys, control):
    name = f"a{control}[31mb"
    table = Table("entity")
    table.add_row(Text(name))
    emit({}, as_json=False, render=lambda console: console.print(table, name, Text(name)))
    note(name)
    warn(name)
    fail(BadInput(cause=name, mend=name))
    out, err = capsys.readouterr()
    assert control not in out + err
    assert "a[31mb" in out
    assert err.count("a[31mb") == 4


@pytest.mark.parametrize("name", ["\x1b[2J", "\x7f", "\x9b31m", "\udc80"])
def test_json_escapes_what_a_terminal_would_obey_or_cannot_write(capsys, name):
    emit({"entity": name}, as_json=True, render=draw_nothing)
    out = capsys.readouterr().out
    assert json.loads(out) == {"entity": name}
    assert name not in out


def test_a_pipe_is_not_cut_at_eighty_columns(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    table = Table.grid("", "", padding=(0, 1))
    table.add_row("x" * 90, "y" * 90)
    emit({}, as_json=False, render=lambda console: console.print(table))
    assert capsys.readouterr().out.split() == ["x" * 90, "y" * 90]

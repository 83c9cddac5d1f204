"""The file of who may ask, and the command that writes it."""

import hashlib
import json
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import haechi
from features.errors import BadInput
from serving.scopes import scopes
from serving.tokens import hashed, new_token, read_tokens

HASH = hashlib.sha256(b"a token").hexdigest()


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_new_token_is_known_by_its_hash_alone(tmp_path: Path) -> None:
    path = tmp_path / "deeper" / "tokens.toml"
    expires = datetime(2031, 1, 2, tzinfo=UTC)
    token = new_token(path, "방재실/room-1", ["read", "infer:traffic"], zone='a "b"\\', expires=expires, rate_per_s=2.5)

    (known,) = read_tokens(path).tokens.values()
    assert known.sha256 == hashed(token) == hashlib.sha256(token.encode()).hexdigest()
    assert known.caller.name == "방재실/room-1"
    assert known.caller.scopes == scopes(["read", "infer:traffic"])
    assert (known.caller.zone, known.caller.rate_per_s) == ('a "b"\\', 2.5)
    assert known.expires_s == expires.timestamp()
    assert token not in path.read_text()
    assert len(token) > 43
    assert path.stat().st_mode & 0o077 == 0


def test_tokens_are_added_and_what_stands_there_stays(tmp_path: Path) -> None:
    path = written(tmp_path / "tokens.toml", "# ours\n[[certificate]]\nsubject = 'a.example'\nscopes = []")
    made = {new_token(path, "room", ["read"], zone="", expires=None, rate_per_s=None) for _ in range(3)}

    read = read_tokens(path)
    assert set(read.tokens) == {hashed(token) for token in made}
    assert set(read.certificates) == {"a.example"}
    assert path.read_text().startswith("# ours\n")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        pytest.param("[[token]", "is not valid TOML", id="no TOML"),
        pytest.param("[[tokens]]\nname='a'", r"\[\[tokens\]\]", id="another table"),
        pytest.param(f"[[token]]\nsha256='{HASH}'\nscopes=[]", r"\[\[token\]\] 1.name: Field required", id="no name"),
        pytest.param(f"[[token]]\nname='a'\nsha256='{HASH[1:]}'\nscopes=[]", r"1\.sha256", id="half a hash"),
        pytest.param(f"[[token]]\nname='a'\nsha256='{HASH}'\nscopes=['all']", r"'all' is no scope", id="no scope"),
        pytest.param(f"[[token]]\nname='a'\nsha256='{HASH}'\nscopes=[]\nexpires='soon'", r"1\.expires", id="no time"),
        pytest.param(
            f"[[token]]\nname='a'\nsha256='{HASH}'\nscopes=[]\nexpires=2030-01-01T00:00:00", "timezone", id="no zone"
        ),
        pytest.param(f"[[token]]\nname='a'\nsha256='{HASH}'\nscopes=[]\nrate_per_s=0", r"1\.rate_per_s", id="no call"),
        pytest.param(f"[[token]]\nname='a'\nsha256='{HASH}'\nscopes=[]\n" * 2, "sha256 of another", id="twice"),
        pytest.param("[[certificate]]\nsubject='a'\nscopes=[]\n" * 2, "twice", id="a subject twice"),
    ],
)
def test_a_file_that_is_wrong_says_where(text: str, cause: str, tmp_path: Path) -> None:
    path = written(tmp_path / "tokens.toml", text)
    with pytest.raises(BadInput, match=cause) as refusal:
        read_tokens(path)
    assert str(path) in refusal.value.cause
    assert refusal.value.mend


def test_a_file_that_everybody_may_change_is_refused_and_one_that_they_may_read_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "tokens.toml", "")
    path.chmod(0o644)
    read_tokens(path)
    assert f"run chmod 600 {path}" in caplog.text
    path.chmod(0o666)
    with pytest.raises(BadInput, match="everybody on this machine may change it"):
        read_tokens(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file") as refusal:
        read_tokens(tmp_path / "tokens.toml")
    assert "HAECHI_TOKENS" in refusal.value.mend


def test_the_command_prints_a_token_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    line = ["haechi", "token", "new", "--name", "room", "--scope", "infer:traffic", "--scope", "read", "--days", "7"]
    monkeypatch.setattr(sys, "argv", [*line, "--json"])
    with pytest.raises(SystemExit, match="0"):
        haechi.main()

    document = json.loads(capsys.readouterr().out)
    path = tmp_path / document["file"]
    assert path == tmp_path / ".haechi" / "tokens.toml"
    (entry,) = tomllib.loads(path.read_text())["token"]
    assert entry["sha256"] == hashed(document["token"])
    assert entry["scopes"] == ["infer:traffic", "read"]
    assert timedelta(days=6) < entry["expires"] - datetime.now(UTC) < timedelta(days=8)

    monkeypatch.setattr(sys, "argv", line)
    with pytest.raises(SystemExit, match="0"):
        haechi.main()
    shown = capsys.readouterr().out
    assert shown.startswith("haechi_")
    assert shown.splitlines()[0] not in path.read_text()
    assert len(read_tokens(path).tokens) == 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        pytest.param(["--name", "a b", "--scope", "read"], "'a b' is no name", id="a name"),
        pytest.param(["--name", "a", "--scope", "reed"], "'reed' is no scope", id="a scope"),
    ],
)
def test_the_command_refuses_and_writes_nothing(
    more: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["haechi", "token", "new", *more])
    with pytest.raises(SystemExit) as left:
        haechi.main()
    assert left.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / ".haechi").exists()

"""``haechi models`` as a user meets it: what is there, which is served, whether it is still what it was."""

import json
import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from features.artifact import MANIFEST, public_key, seal
from features.errors import ArtifactMismatch, BadInput, UnknownName


def new_key():
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("columns", [60, 80])
def test_model_and_note_are_whole_on_a_narrow_terminal(own_home, run_command, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    folder = own_home / "artifacts" / "demo-seoul" / "2"
    shutil.copytree(own_home / "artifacts" / "traffic" / "1", folder)
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"name": "demo-seoul", "version": 2, "simulated": True}))
    seal(folder, None)

    listed = run_command("models", "list")
    assert "demo-seoul/2 " in listed
    assert "SIMULATED" in listed
    assert "…" not in listed


@pytest.mark.parametrize("inside", [pytest.param("", id="home"), pytest.param("artifacts", id="its artifacts")])
def test_a_home_that_is_a_file_is_refused(tmp_path, run_command, monkeypatch, inside):
    monkeypatch.setenv("HAECHI_HOME", str(tmp_path / "home"))
    place = tmp_path / "home" / inside
    place.parent.mkdir(exist_ok=True)
    place.write_text("")

    with pytest.raises(BadInput, match="is no folder"):
        run_command("models", "list")


def test_models_are_listed_shown_and_verified(at_home, run_command, document):
    [row] = document("models", "list")["models"]
    assert (row["model"], row["alias"], row["entities"]) == ("traffic/1", "champion", 6)
    assert row["mae"].endswith("veh/h")
    assert "(" in row["baseline"]

    assert document("models", "show", "traffic@champion")["manifest"]["name"] == "traffic"
    card = " ".join(run_command("models", "show", "traffic").split())
    for words in (
        "traffic version 1",
        "Scores on the test interval",
        "adaptive profile",
        "data `",
        "rush hour",
        "of 6 sites",
    ):
        assert words.strip("`") in card
    assert document("models", "verify") == {"models": [{"model": "traffic/1", "ok": True, "cause": None}]}


def test_an_empty_registry_says_what_to_do(home, run_command, document):
    assert "Train one: haechi train traffic" in run_command("models", "list")
    assert str(home / "artifacts") in run_command("models", "list")
    assert document("models", "list") == {"models": []}
    assert document("models", "verify") == {"models": []}


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        pytest.param("trafic", "Did you mean 'traffic'", id="an unknown model"),
        pytest.param("traffic@night", "no alias of traffic 'night'", id="an unknown alias"),
        pytest.param("traffic/9", "no version of traffic '9'", id="an unknown version"),
    ],
)
@pytest.mark.parametrize("command", [("models", "show"), ("models", "promote"), ("models", "verify"), ("evaluate",)])
def test_what_is_not_there_is_offered_its_nearest(command, reference, message, at_home, run_command, city_file):
    words = ("traffic", "--data", city_file, "--model", reference) if command == ("evaluate",) else (reference,)

    with pytest.raises(UnknownName, match=message):
        run_command(*command, *words)


@pytest.mark.parametrize(
    "name",
    [
        "model.onnx", "fallback.onnx", "self_test.npz", "state.parquet", "test_state.parquet", "CARD.md",
        "manifest.json",
    ],
)  # fmt: skip
def test_one_altered_byte_is_refused_everywhere(name, own_home, run_command, city_file):
    path = own_home / "artifacts" / "traffic" / "1" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    for words in (
        ("models", "verify"),
        ("models", "promote", "traffic/1"),
        ("models", "show", "traffic"),
        ("evaluate", "traffic", "--data", city_file),
    ):
        with pytest.raises(ArtifactMismatch, match=name) as refusal:
            run_command(*words)
        assert refusal.value.exit_code == 2
    listed = " ".join(run_command("models", "list").split())
    assert "traffic/1: refused: " in listed
    assert name in listed


def test_verify_tells_of_every_version_before_it_fails(own_home, run_command, capsys):
    shutil.copytree(own_home / "artifacts" / "traffic" / "1", own_home / "artifacts" / "traffic" / "2")

    with pytest.raises(ArtifactMismatch, match="the folder says '2'"):
        run_command("models", "verify")


def test_signed_where_there_is_a_key(own_home, city_file, document, run_command, monkeypatch):
    key = new_key()
    monkeypatch.setenv("HAECHI_SIGNING_KEY", key)
    document("train", "traffic", "--data", city_file, "--quick")
    assert (own_home / "artifacts" / "traffic" / "2" / "SIGNATURE").is_file()

    monkeypatch.setenv("HAECHI_TRUSTED_KEY", public_key(key))
    assert document("models", "promote", "traffic/2", "--force", "--reason", "it is signed")["champion"] == 2
    for words in (("models", "promote", "traffic/1"), ("models", "rollback", "traffic")):
        with pytest.raises(ArtifactMismatch, match="SIGNATURE is missing"):
            run_command(*words)
    monkeypatch.setenv("HAECHI_TRUSTED_KEY", public_key(new_key()))
    with pytest.raises(ArtifactMismatch, match="not a signature"):
        run_command("evaluate", "traffic", "--data", city_file, "--model", "traffic/2")

"""The thresholds: a file with a version and a hash, of which nothing is guessed."""

import tomllib
from importlib.resources import files

import pytest
from pydantic import ValidationError

from features.cctv.rules import load_rules
from features.cctv.spotters.sighting import probability
from features.errors import BadInput

OURS = files("features.cctv").joinpath("rules.toml").read_text(encoding="utf-8")


def changed(tmp_path, old, new):
    path = tmp_path / "rules.toml"
    assert old in OURS
    path.write_text(OURS.replace(old, new, 1), encoding="utf-8")
    return path


def test_haechis_own_have_a_version_and_the_files_hash(tmp_path):
    ours = load_rules()
    copy = tmp_path / "copy.toml"
    copy.write_text(OURS, encoding="utf-8")
    assert ours == load_rules(copy)
    assert (ours.version, len(ours.sha256)) == (1, 64)
    other = load_rules(changed(tmp_path, "version = 1", "version = 2"))
    assert (other.version, other.sha256 != ours.sha256) == (2, True)


def test_every_threshold_has_its_reason():
    for line in OURS.splitlines():
        if "=" in line and not line.startswith("version"):
            assert "#" in line, line


def test_they_never_change():
    with pytest.raises(ValidationError):
        load_rules().queue.vehicles = 2


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        pytest.param("stands_s = ", "stands_ms = ", "stands_ms", id="an unknown threshold"),
        pytest.param("[wrong_way]", "[wrongway]", "wrongway", id="an unknown table"),
        pytest.param("vehicles = 4", "vehicles = 0", "queue.vehicles", id="a queue of nobody"),
        pytest.param("vehicles = 4", "vehicles = 4.5", "queue.vehicles", id="half a vehicle"),
        pytest.param("vehicles = 4", 'vehicles = "four"', "queue.vehicles", id="a word"),
        pytest.param("vehicles = 4  ", "# vehicles = 4", "queue.vehicles", id="one is missing"),
        pytest.param("most = 0.97", "most = 1.0", "grading.most", id="certain"),
        pytest.param("against = -0.5", "against = 0.5", "wrong_way.against", id="against is with"),
        pytest.param("lasts_s = ", "lasts_s = -1 #", "lasts_s", id="below nothing"),
        pytest.param("lasts_s = ", "lasts_s = inf #", "lasts_s", id="for ever"),
        pytest.param("version = 1", "version = 1\nsha256 = 'mine'", "sha256", id="a hash of its own"),
        pytest.param("version = 1", "version = ", "TOML", id="no TOML"),
    ],
)
def test_nonsense_is_refused_with_cause_and_mend(tmp_path, old, new, cause):
    with pytest.raises(BadInput) as caught:
        load_rules(changed(tmp_path, old, new))
    assert cause in caught.value.cause
    assert caught.value.mend


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        load_rules(tmp_path / "none.toml")


def test_all_thresholds_are_in_the_file():
    raw = tomllib.loads(OURS)
    assert {name for name in raw if isinstance(raw[name], dict)} == {
        name for name in type(load_rules()).model_fields if name not in ("version", "sha256")
    }


@pytest.mark.parametrize("what", ["score", "lasted_s", "count"])
def test_more_evidence_is_surer_and_never_certain(what):
    least = {"score": 0.1, "lasted_s": 0.0, "count": 0}
    most = {"score": 1.0, "lasted_s": 1e6, "count": 10**6}
    ladder = {"score": (0.1, 0.5, 0.9), "lasted_s": (1, 10, 100), "count": (0, 1, 9)}[what]
    grading = load_rules().grading
    found = [probability(grading, needed_s=4.0, **{**least, what: value}) for value in ladder]
    assert found == sorted(found)
    assert len(set(found)) == 3
    assert probability(grading, needed_s=4.0, **most) < 1
    assert probability(grading, needed_s=4.0, **most, learned=True) < probability(grading, needed_s=4.0, **most)

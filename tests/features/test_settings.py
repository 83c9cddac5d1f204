from pathlib import Path

import pytest

from features.errors import BadInput, UnknownName
from features.settings import Settings, as_toml, load, origins


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """A folder without haechi.toml and no HAECHI_* variable."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"HAECHI_{name.upper()}", raising=False)


def write_toml(text: str | bytes) -> None:
    Path("haechi.toml").write_bytes(text if isinstance(text, bytes) else text.encode())


def row(name: str) -> tuple[str | None, str]:
    """Value and origin of one setting."""
    found = next(row for row in origins(load()) if row["name"] == name)
    return found["value"], found["origin"]


def test_without_anything_every_value_is_a_default_and_is_explained():
    rows = origins(load())
    assert {row["origin"] for row in rows} == {"default"}
    assert all(row["meaning"] for row in rows)
    assert [row["name"] for row in rows] == list(Settings.model_fields)


def test_file_beats_default_variable_beats_file_and_flag_beats_variable(monkeypatch):
    assert row("port") == ("8500", "default")
    write_toml("port = 9001")
    assert row("port") == ("9001", "haechi.toml")
    monkeypatch.setenv("HAECHI_PORT", "9002")
    assert row("port") == ("9002", "HAECHI_PORT")
    assert Settings(port=9003).port == 9003


def test_origins_are_those_of_each_value(monkeypatch):
    write_toml('host = "0.0.0.0"\nport = 1')
    monkeypatch.setenv("HAECHI_PORT", "2")
    assert (row("host"), row("port"), row("threads")) == (
        ("0.0.0.0", "haechi.toml"),  # noqa: S104
        ("2", "HAECHI_PORT"),
        ("1", "default"),
    )


@pytest.mark.parametrize("where", ["variable", "file"])
def test_secret_is_masked_wherever_it_came_from(monkeypatch, where):
    if where == "variable":
        monkeypatch.setenv("HAECHI_SIGNING_KEY", "hush-hush")
    else:
        write_toml('signing_key = "hush-hush"')
    value, origin = row("signing_key")
    assert set(value or "") == {"*"}
    assert origin != "default"
    assert "hush" not in repr(load()) + str(origins(load()))


def test_the_token_that_a_client_shows_is_a_secret(monkeypatch):
    monkeypatch.setenv("HAECHI_TOKEN", "haechi_hush")
    assert set(row("token")[0] or "") == {"*"}
    assert "hush" not in repr(load()) + str(origins(load()))


def test_absent_secret_is_no_mask():
    assert row("signing_key") == (None, "default")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("port", "65536", id="a port beyond the last"),
        pytest.param("port", "http", id="text for a number"),
        pytest.param("port", "", id="an empty variable"),
        pytest.param("threads", "0", id="no thread"),
        pytest.param("plaintext", "perhaps", id="neither yes nor no"),
        pytest.param("max_message_mib", "-1", id="a negative size"),
    ],
)
@pytest.mark.parametrize("where", ["variable", "file"])
def test_bad_value_names_the_setting_and_where_to_mend_it(monkeypatch, variable, value, where):
    if where == "variable":
        monkeypatch.setenv(f"HAECHI_{variable.upper()}", value)
    else:
        write_toml(f'{variable} = "{value}"')
    with pytest.raises(BadInput, match=f"Setting '{variable}' is wrong") as refused:
        load()
    assert f"HAECHI_{variable.upper()}" in refused.value.mend
    assert "haechi.toml" in refused.value.mend


def test_bad_secret_is_not_said_aloud():
    write_toml("signing_key = 12345")
    with pytest.raises(BadInput, match="Setting 'signing_key' is wrong") as refused:
        load()
    assert "12345" not in str(refused.value)


def test_misspelt_line_names_the_nearest_setting():
    write_toml("prot = 9000")
    with pytest.raises(UnknownName, match="'prot'") as refused:
        load()
    assert "haechi.toml" in refused.value.cause
    assert "Did you mean 'port'?" in refused.value.mend


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("port = ", id="a line that breaks off"),
        pytest.param("port = 1\nport = 2", id="a line twice"),
        pytest.param("host = '\xe9'".encode("latin-1"), id="not UTF-8"),
    ],
)
def test_file_that_is_no_toml_is_refused(text):
    write_toml(text)
    with pytest.raises(BadInput, match=r"haechi\.toml is not valid TOML"):
        load()


def test_what_a_flag_gave_says_so(monkeypatch):
    monkeypatch.setenv("HAECHI_PORT", "2")
    rows = {row["name"]: row["origin"] for row in origins(load(), ["host"])}
    assert (rows["host"], rows["port"], rows["threads"]) == ("flag", "HAECHI_PORT", "default")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="defaults"),
        pytest.param({"port": "1", "poll_s": "0.25"}, id="numbers"),
        pytest.param({"home": '/srv/해치 \\ "models"\t\x7f', "host": "é\U0001f600"}, id="characters of all kinds"),
        pytest.param({"trusted_key": "-----BEGIN PUBLIC KEY-----\nMCow\n"}, id="several lines"),
        pytest.param({"models": "models", "health_port": "0"}, id="what is unset by default"),
    ],
)
def test_settings_written_as_toml_are_read_back_the_same(monkeypatch, given):
    with monkeypatch.context() as here:
        for name, value in given.items():
            here.setenv(f"HAECHI_{name.upper()}", value)
        before = load()
        text = as_toml(before)
    write_toml(text)
    assert load() == before
    assert all(f"  # HAECHI_{name.upper()}\n" in f"{text}\n" for name in given)


def test_a_secret_is_neither_written_nor_read_back_as_its_mask(monkeypatch):
    monkeypatch.setenv("HAECHI_SIGNING_KEY", "hush-hush")
    text = as_toml(load())
    monkeypatch.delenv("HAECHI_SIGNING_KEY")
    write_toml(text)
    assert '# signing_key = "**********"  # HAECHI_SIGNING_KEY' in text
    assert "hush" not in text
    assert load().signing_key is None

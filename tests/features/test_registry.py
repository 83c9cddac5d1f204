"""A folder tree is a registry: names lead to artifacts, half-written folders lead nowhere."""

from pathlib import Path

import pytest

from features.errors import BadInput, StorageFailure, UnknownName
from features.registry import aliases, names, promotions, record_promotion, resolve, set_aliases, versions


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("traffic/1", "traffic/2", "traffic/10", "traffic/.11.partial", "gangnam/1", ".cache/1", "empty"):
        (tmp_path / folder).mkdir(parents=True)
    set_aliases(tmp_path, "traffic", {"champion": 2, "night": 1})
    return tmp_path


def test_versions_are_numbers_and_partial_folders_are_not_seen(root: Path) -> None:
    assert versions(root, "traffic") == (1, 2, 10)


def test_names_are_the_models_with_a_version(root: Path) -> None:
    assert names(root) == ("gangnam", "traffic")
    assert names(root / "nowhere") == ()


@pytest.mark.parametrize(
    ("reference", "folder"),
    [
        pytest.param("traffic", "traffic/2", id="a plain name is the champion"),
        pytest.param("gangnam", "gangnam/1", id="or the newest, where there is none"),
        pytest.param("traffic@night", "traffic/1", id="an alias"),
        pytest.param("traffic/10", "traffic/10", id="a version"),
    ],
)
def test_a_reference_leads_to_a_folder(reference: str, folder: str, root: Path) -> None:
    assert resolve(root, reference) == root / folder


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        pytest.param("trafic", "no model 'trafic'. Did you mean 'traffic'", id="a slip of the pen"),
        pytest.param("empty", "no model 'empty'", id="a model without versions"),
        pytest.param("traffic/3", "no version of traffic '3'.*Known: 1, 2, 10", id="a version that is not there"),
        pytest.param("traffic/11", "no version of traffic '11'", id="a version still being written"),
        pytest.param("traffic@day", "no alias of traffic 'day'.*Known: champion, night", id="an unknown alias"),
    ],
)
def test_an_unknown_name_offers_the_known_ones(reference: str, message: str, root: Path) -> None:
    with pytest.raises(UnknownName, match=message):
        resolve(root, reference)


@pytest.mark.parametrize(
    "reference",
    ["", "..", "../traffic", "traffic/../gangnam", "/etc", "traffic/1/2", "traffic/01", "traffic@", "Traffic",
     "traffic\n", ".cache", "traffic/.11.partial", "traffic/-1", "traffic@champion/1", "traffic\0"],
)  # fmt: skip
def test_a_reference_is_never_a_path(reference: str, root: Path) -> None:
    with pytest.raises(BadInput, match="is not a model"):
        resolve(root, reference)


def test_an_alias_whose_version_was_deleted_is_not_guessed(root: Path) -> None:
    (root / "traffic/2").rmdir()

    with pytest.raises(UnknownName, match="no version of traffic '2'"):
        resolve(root, "traffic")


def test_aliases_are_replaced_as_one_table(root: Path) -> None:
    set_aliases(root, "traffic", {"champion": 10})

    assert aliases(root, "traffic") == {"champion": 10}
    assert [path.name for path in (root / "traffic").iterdir() if path.is_file()] == ["aliases.json"]


@pytest.mark.parametrize(
    ("name", "chosen", "error"),
    [
        pytest.param("traffic", {"champion": 3}, UnknownName, id="a version that is not there"),
        pytest.param("traffic", {"../x": 1}, BadInput, id="an alias that is a path"),
        pytest.param("../traffic", {"champion": 1}, BadInput, id="a name that is a path"),
        pytest.param("nobody", {"champion": 1}, UnknownName, id="a model that is not there"),
    ],
)
def test_a_refused_alias_changes_nothing(name: str, chosen: dict[str, int], error: type[Exception], root: Path) -> None:
    with pytest.raises(error):
        set_aliases(root, name, chosen)
    assert aliases(root, "traffic") == {"champion": 2, "night": 1}


@pytest.mark.parametrize(
    "content", ["", "[]", '{"champion": "2"}', '{"champion": 0}', '{"champion": true}', "{", '{"..": 1}']
)
def test_a_damaged_alias_table_says_so(content: str, root: Path) -> None:
    (root / "traffic" / "aliases.json").write_text(content)

    with pytest.raises(StorageFailure, match="not a table of aliases") as refusal:
        resolve(root, "traffic")
    assert "haechi models promote" in refusal.value.mend


def test_promotions_are_recorded_one_after_the_other(root: Path) -> None:
    assert promotions(root, "traffic") == []
    for version in (1, 2):
        record_promotion(root, "traffic", {"to": version, "reason": "센서 이동"})

    assert promotions(root, "traffic") == [{"to": 1, "reason": "센서 이동"}, {"to": 2, "reason": "센서 이동"}]
    assert versions(root, "traffic") == (1, 2, 10)


def test_a_promotion_that_was_cut_off_never_took_place(root: Path) -> None:
    record_promotion(root, "traffic", {"to": 1})
    with (root / "traffic" / "promotions.jsonl").open("ab") as file:
        file.write(b'{"to": 2, "rea')

    assert promotions(root, "traffic") == [{"to": 1}]
    record_promotion(root, "traffic", {"to": 10})
    assert promotions(root, "traffic") == [{"to": 1}, {"to": 10}]


@pytest.mark.parametrize("line", ["[]", "{", '{"to": "2"}', ""])
def test_a_damaged_record_names_its_line(line: str, root: Path) -> None:
    record_promotion(root, "traffic", {"to": 1})
    with (root / "traffic" / "promotions.jsonl").open("a") as file:
        file.write(f"{line}\n")

    with pytest.raises(StorageFailure, match=r"Line 2 of .*promotions\.jsonl is not a promotion"):
        promotions(root, "traffic")

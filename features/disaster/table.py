"""The hazard table: one TOML file, ours or a city's own, from which labels, features, models and alerts read."""

import tomllib
from importlib.resources import files
from pathlib import Path

from pydantic import Field, ValidationError

from features.disaster.hazard import Hazard
from features.errors import BadInput, UnknownName
from features.frozen import Frozen

_OURS = "hazards.toml"


class _Table(Frozen):
    hazard: tuple[Hazard, ...] = Field(min_length=1)


def hazards(path: Path | None = None) -> dict[str, Hazard]:
    """The hazards of a table, by name.

    Args:
        path: of a city's own table; None: Seoul's, which comes with Haechi.

    Raises:
        BadInput: the file is not there, is no TOML, or a row is wrong: names the hazard, the field and why.

    >>> hazards()["pm25"].level("advisory").met[0][0].threshold
    75.0
    """
    name, text = _text(path)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(cause=f"{name} is not valid TOML: {error}", mend="Mend that line") from None
    try:
        found = _Table.model_validate(raw).hazard
    except ValidationError as error:
        raise _named(error, raw, name) from None
    names = [each.name for each in found]
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        raise BadInput(cause=f"{name} has hazard '{twice}' twice", mend="Rename or drop one of them")
    return {each.name: each for each in found}


def hazard(name: str, path: Path | None = None) -> Hazard:
    """One hazard of a table.

    Raises:
        BadInput: as ``hazards``.
        UnknownName: there is none of that name; offers the nearest.
    """
    known = hazards(path)
    if name not in known:
        raise UnknownName.among("hazard", name, list(known))
    return known[name]


def _text(path: Path | None) -> tuple[str, str]:
    if path is None:
        return _OURS, files("features.disaster").joinpath(_OURS).read_text(encoding="utf-8")
    try:
        return str(path), path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(
            cause=f"The hazard table {path} cannot be read: {error.strerror}", mend="Name another with HAECHI_HAZARDS"
        ) from None
    except UnicodeDecodeError:
        raise BadInput(cause=f"The hazard table {path} is not UTF-8", mend="Save it as UTF-8") from None


def _named(error: ValidationError, raw: dict[str, object], name: str) -> BadInput:
    first = error.errors(include_url=False, include_input=False)[0]
    where, message = list(first["loc"]), first["msg"].removeprefix("Value error, ")
    rows = raw.get("hazard")
    if len(where) < 2 or not isinstance(rows, list) or not isinstance(where[1], int):
        return BadInput(cause=f"{name}: {message}", mend="Write one [[hazard]] table a hazard, as in Haechi's own")
    row = rows[where[1]]
    called = row.get("name", f"number {where[1] + 1}") if isinstance(row, dict) else f"number {where[1] + 1}"
    field = ".".join(str(part) for part in where[2:])
    return BadInput(
        cause=f"{name}, hazard '{called}'" + (f", {field}" if field else "") + f": {message}",
        mend="Mend that row; Haechi's own table shows one of each kind",
    )

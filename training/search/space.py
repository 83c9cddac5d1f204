"""What is searched: read from a file, and refused before the first trial where it makes no sense."""

import tomllib
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from features.errors import BadInput, UnknownName
from training.search.axis import Axis, axis
from training.search.problem import Problem, Settings

Space = dict[str, Axis]

_DRAWS = 200


def read_space(path: Path | None, problem: Problem, seed: int) -> Space:
    """The axes by setting: of a file with a table ``space``, or the domain's own where there is no file.

    Raises:
        BadInput: a file that cannot be read, a range that is none, a setting that cannot be searched, or a space of
            which no point is a valid setting; names key and mend.
        UnknownName: a setting that there is none of; offers the nearest.
    """
    said = problem.space if path is None else _table(path)
    for key in said:
        _refuse_unsearchable(key, problem, asked=path is not None)
    free = {key: value for key, value in said.items() if key not in problem.fixed}
    found = {key: axis(key, value, problem.known[key]) for key, value in free.items()}
    if not found:
        raise BadInput(cause="Every setting that would be searched is set already", mend="Leave out a --set")
    _check(found, problem, seed)
    return found


def size(space: Space) -> int | None:
    """How many points there are; None where there is no end of them."""
    sizes = [one.size for one in space.values()]
    return None if None in sizes else prod(one for one in sizes if one is not None)


def settings_of(space: Space, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a trial's parameters stand for."""
    return {key: space[key].value(value) for key, value in raw.items() if key in space}


def raw_of(space: Space, settings: Settings) -> dict[str, Any]:
    """The parameters of a trial under those settings, as far as the space holds them."""
    found = {key: one.raw(settings[key]) for key, one in space.items()}
    return {key: raw for key, raw in found.items() if raw is not None}


def _table(path: Path) -> Mapping[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(cause=f"The space {path} cannot be read: {error.strerror}", mend="Check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(cause=f"{path} is not valid TOML: {error}", mend="Mend that line") from None
    for key in content:
        if key != "space":
            raise UnknownName.among(f"table in {path}:", key, ["space"])
    table = content.get("space")
    if not isinstance(table, dict) or not table:
        raise BadInput(
            cause=f"{path} has no table 'space' with a setting in it",
            mend="Write [space] and one line a setting, e.g. history_steps = [12, 24, 48]",
        )
    return table


def _refuse_unsearchable(key: str, problem: Problem, *, asked: bool) -> None:
    if key not in problem.known:
        raise UnknownName.among("setting", key, list(problem.known))
    if key in problem.not_searched:
        raise BadInput(
            cause=f"{key} cannot be searched: {problem.not_searched[key]}", mend=f"Set it: --set {key}=VALUE"
        )
    if asked and key in problem.fixed:
        raise BadInput(cause=f"{key} is both set and searched", mend="Leave it out of the space, or out of --set")


def _check(space: Space, problem: Problem, seed: int) -> None:
    """Try the ends of every axis, then points between: no trial begins that could only fail."""
    for key, one in space.items():
        refused = [error for value in one.ends() if (error := _refusal(problem, {key: value}))]
        if len(refused) == len(one.ends()):
            raise BadInput(cause=f"{key} cannot be searched so: {refused[0].cause}", mend=refused[0].mend)
    chance, last = np.random.default_rng(seed), None
    for _ in range(_DRAWS):
        last = _refusal(problem, {key: one.draw(chance) for key, one in space.items()})
        if last is None:
            return
    raise BadInput(
        cause=f"None of {_DRAWS} points drawn from this space are settings that can be trained, the last because: "
        f"{last.cause if last else ''}",
        mend="Narrow the space to settings that go together",
    )


def _refusal(problem: Problem, settings: Settings) -> BadInput | None:
    try:
        problem.check(settings)
    except BadInput as error:
        return error
    return None

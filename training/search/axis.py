"""One searched setting: a list of choices, or a range."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from features.errors import BadInput, UnknownName

_KEYS = ["low", "high", "log", "step"]
_EXAMPLE = "[12, 24, 48] for choices, or {low = 0.05, high = 0.4}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Any of ``values``, in no order."""

    values: tuple[Any, ...]

    @property
    def size(self) -> int:
        """How many different values there are."""
        return len(self.values)

    def ends(self) -> tuple[Any, ...]:
        """What shows whether the axis makes sense: every choice."""
        return self.values

    def draw(self, chance: np.random.Generator) -> Any:
        """Any one value."""
        return self.values[chance.integers(len(self.values))]

    def distribution(self) -> BaseDistribution:
        """As Optuna knows it: it takes no lists, so each choice goes by its text."""
        return CategoricalDistribution([json.dumps(value) for value in self.values])

    def value(self, raw: Any) -> Any:
        """The setting that Optuna's value stands for."""
        return json.loads(raw)

    def raw(self, value: Any) -> Any:
        """Optuna's value of a setting; None where the axis does not hold it."""
        return json.dumps(value) if value in self.values else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """From ``low`` to ``high``, both included; whole numbers where both are ``int``."""

    low: float
    high: float
    log: bool = False
    step: float | None = None

    @property
    def size(self) -> int | None:
        """How many different values there are; None where there is no end of them."""
        if self.step is None:
            return int(self.high - self.low) + 1 if isinstance(self.low, int) else None
        return round((self.high - self.low) / self.step) + 1

    def ends(self) -> tuple[float, float]:
        """The lowest and the highest."""
        return self.low, self.high

    def draw(self, chance: np.random.Generator) -> float:
        """Any one value."""
        if self.log:
            found = math.exp(chance.uniform(math.log(self.low), math.log(self.high)))
        else:
            step = self.step or (1 if isinstance(self.low, int) else None)
            if step is None:
                return float(chance.uniform(self.low, self.high))
            found = self.low + step * int(chance.integers(round((self.high - self.low) / step) + 1))
        return round(found) if isinstance(self.low, int) else found

    def distribution(self) -> BaseDistribution:
        """As Optuna knows it."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return IntDistribution(self.low, self.high, log=self.log, step=1 if self.step is None else int(self.step))
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)

    def value(self, raw: Any) -> Any:
        """The setting that Optuna's value stands for: itself."""
        return raw

    def raw(self, value: Any) -> Any:
        """Optuna's value of a setting; None where the axis does not hold it."""
        steps = 0.0 if self.step is None else (value - self.low) / self.step
        return value if self.low <= value <= self.high and abs(steps - round(steps)) < 1e-6 else None


Axis = Choices | Range


def axis(key: str, said: Any, default: Any) -> Axis:
    """The axis that a line of a space file describes.

    Args:
        key: of the setting.
        said: the line's value.
        default: of the setting; its type is that of every value.

    Raises:
        BadInput: no choice, a range that is none, or a value of another type; names the key.
        UnknownName: a key of a range that there is none of.
    """
    if isinstance(said, list):
        return _choices(key, said, default)
    if isinstance(said, Mapping):
        return _range(key, said, default)
    raise BadInput(
        cause=f"{key} = {said!r} in the search space is neither a list of choices nor a range",
        mend=f"Give {_EXAMPLE}; to set it for every trial: --set {key}=VALUE",
    )


def _choices(key: str, said: list[Any], default: Any) -> Choices:
    if not said:
        raise BadInput(cause=f"{key} = [] in the search space has no choices", mend="Give one or more, or leave it out")
    for value in said:
        if not _is_like(value, default):
            raise BadInput(
                cause=f"{key}: the choice {value!r} is not {_type_name(default)}",
                mend=f"Give choices like its default, {json.dumps(default)}",
            )
    distinct = {json.dumps(value): value for value in said}
    return Choices(values=tuple(distinct.values()))


def _range(key: str, said: Mapping[str, Any], default: Any) -> Range:
    for name in said:
        if name not in _KEYS:
            raise UnknownName.among(f"part of the range {key}:", name, _KEYS)
    if type(default) not in (int, float):
        raise BadInput(
            cause=f"{key} is {_type_name(default)}, which has no range",
            mend=f"Give choices, e.g. {key} = [{json.dumps(default)}]",
        )
    numbers: dict[str, Any] = {name: said.get(name) for name in ("low", "high", *(["step"] if "step" in said else []))}
    for name, value in numbers.items():
        if not _is_like(value, default) or not math.isfinite(value):
            wrong = "is missing" if value is None else f"= {value!r} is not {_type_name(default)}"
            raise BadInput(cause=f"{key}: {name} {wrong}", mend=f"Give {key} = {{low = ..., high = ...}}")
    if not isinstance(said.get("log", False), bool):
        raise BadInput(cause=f"{key}: log = {said['log']!r} is neither true nor false", mend="Write log = true")
    whole = type(default) is int
    found = Range(
        low=int(numbers["low"]) if whole else float(numbers["low"]),
        high=int(numbers["high"]) if whole else float(numbers["high"]),
        log=said.get("log", False),
        step=numbers.get("step"),
    )
    _check_range(key, found)
    return found


def _check_range(key: str, found: Range) -> None:
    where = f"{key}: low = {found.low} and high = {found.high}"
    if found.low >= found.high:
        raise BadInput(cause=f"{where} leave nothing between them", mend="Give a low below the high")
    if found.log and found.low <= 0:
        raise BadInput(cause=f"{where}: a logarithmic range begins above 0", mend="Raise low, or leave log out")
    if found.step is None:
        return
    if found.log:
        raise BadInput(cause=f"{key} has both log and step", mend="Leave one of them out")
    steps = (found.high - found.low) / found.step if found.step > 0 else 0
    if steps < 1 or abs(steps - round(steps)) > 1e-6:
        raise BadInput(
            cause=f"{where}: step = {found.step} does not lead from one to the other",
            mend="Give a step above 0 that divides the range",
        )


def _is_like(value: Any, default: Any) -> bool:
    if default is None:
        return True
    if isinstance(default, list | tuple):
        return isinstance(value, list) and all(_is_like(each, default[0]) for each in value if default)
    if type(default) is float:
        return type(value) in (int, float)
    return type(value) is type(default)


def _type_name(default: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", list: "a list"}
    return names.get(type(default), type(default).__name__)

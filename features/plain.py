"""Plain values, as files and flags hold them, become a frozen config; what is no field of it is refused."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from features.errors import BadInput, UnknownName

_Config = TypeVar("_Config")


def from_plain(config: type[_Config], values: Mapping[str, Any]) -> _Config:
    """The config that ``values`` describes; every field of ``config`` has a default, whose type its value has.

    Raises:
        UnknownName: a key that is no field; offers the nearest.
        BadInput: a value of another type, or one that the config refuses.
    """
    default = config()
    known = [field.name for field in fields(config)]  # type: ignore[arg-type]  # a dataclass, which no bound can say
    for key in values:
        if key not in known:
            raise UnknownName.among("setting", key, known)
    return config(**{key: _typed(key, value, getattr(default, key)) for key, value in values.items()})


_KINDS = {int: "whole numbers", float: "numbers", str: "words"}


def _typed(key: str, value: Any, default: Any) -> Any:
    if isinstance(default, tuple):
        # An empty default is one of names.
        kind = type(default[0]) if default else str
        numbers = (int, float) if kind is float else (kind,)
        if isinstance(value, list | tuple) and all(type(each) in numbers for each in value):
            return tuple(kind(each) for each in value)
        raise BadInput(
            cause=f"{key}={value!r} is no list of {_KINDS[kind]}", mend=f"Give a list, e.g. {key}={list(default)}"
        )
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if type(value) is not type(default):
        raise BadInput(
            cause=f"{key}={value!r} is not {type(default).__name__}",
            mend=f"Give a {type(default).__name__}, e.g. {key}={default!r}",
        )
    return value

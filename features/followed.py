"""A model in MLflow's registry that is followed by its alias: ``models:/traffic@champion``."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from features.errors import BadInput
from features.manifest import MAX_NAME_LENGTH, NAME_PATTERN

SCHEME = "models:/"
_FOLLOWED = re.compile(rf"{SCHEME}(?P<name>{NAME_PATTERN})@(?P<alias>[A-Za-z0-9_-]{{1,64}})")


@dataclass(frozen=True, slots=True)
class Followed:
    """The version that an alias of a model points at, whichever that is.

    Attributes:
        name: of the model.
        alias: in MLflow.
    """

    name: str
    alias: str

    def __str__(self) -> str:
        """As it is written.

        >>> str(Followed("traffic", "champion"))
        'models:/traffic@champion'
        """
        return f"{SCHEME}{self.name}@{self.alias}"


def read_followed(texts: Iterable[str]) -> tuple[Followed, ...]:
    """What is followed, sorted by name.

    Raises:
        BadInput: one has another shape, or a model is named twice.

    >>> [str(one) for one in read_followed(["models:/traffic@champion"])]
    ['models:/traffic@champion']
    """
    found: dict[str, Followed] = {}
    for text in texts:
        match = _FOLLOWED.fullmatch(text)
        if match is None or len(match["name"]) > MAX_NAME_LENGTH:
            raise BadInput(
                cause=f"'{text[:100]}' is not a model and its alias in MLflow",
                mend=f"Write {SCHEME}NAME@ALIAS, e.g. {SCHEME}traffic@champion",
            )
        if match["name"] in found:
            raise BadInput(
                cause=f"{match['name']} is named twice", mend="A model follows one alias: leave the other out"
            )
        found[match["name"]] = Followed(match["name"], match["alias"])
    return tuple(found[name] for name in sorted(found))

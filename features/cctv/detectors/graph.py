"""What a detector's graph says of its inputs and outputs, and how one that does not fit is refused."""

from collections.abc import Sequence
from typing import Protocol

from features.errors import BadInput


class Port(Protocol):
    """An input or an output of a graph, as onnxruntime tells of it.

    Attributes:
        name: e.g. ``images``.
        shape: numbers where an axis is fixed, a name or None where it is free.
        type: e.g. ``tensor(float)``.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def shape(self) -> Sequence[int | str | None]: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102


def told(ports: Sequence[Port]) -> str:
    """Of ports, in one line.

    >>> told([])
    'nothing'
    """
    return ", ".join(f"{port.name} {port.type} {list(port.shape)}" for port in ports) or "nothing"


def refuse(family: str, found: Sequence[Port], wanted: str) -> BadInput:
    """The error for a graph that is not of a family."""
    return BadInput(
        cause=f"This is no {family} graph: it has {told(found)}, not {wanted}",
        mend="Give the ONNX file of a detector of this family: 'haechi weights get' fetches one, "
        "'haechi train cctv' makes one",
    )

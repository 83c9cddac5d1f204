"""A few rows that travel with a model, and what its graph answered to them where it was made."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, FiniteFloat

from features.errors import ArtifactMismatch
from features.frozen import Frozen, Text

Array = npt.NDArray[Any]
Answers = Mapping[str, Array]

TOLERANCE = 1e-3
"""Of an output's largest value. Another processor adds up in another order, and a tree may then turn off one leaf
further: a thousandth is far above that, and far below what an operator would see."""

_LARGEST_MIB = 64
# An input may be called as an argument of numpy's is.
_PREFIX = "input."
_MEND = "Do not serve it: train the model again, or copy its folder again from where it was made"


class Recorded(Frozen):
    """What one output was.

    Attributes:
        output: its name.
        shape: rows first.
        values: in C order, in the output's unit; None where it was not finite.
    """

    output: Text
    shape: tuple[Annotated[int, Field(ge=0)], ...]
    values: tuple[int | FiniteFloat | str | None, ...]


class SelfTest(Frozen):
    """What a graph must answer to the rows of ``self_test.npz``.

    Attributes:
        tolerance: largest difference, as a share of the output's largest value.
        outputs: of the model.
        fallback: of the fallback graph on the same rows; empty where there is none.
    """

    tolerance: Annotated[float, Field(gt=0, lt=1)]
    outputs: Annotated[tuple[Recorded, ...], Field(min_length=1)]
    fallback: tuple[Recorded, ...]


def record(answers: Answers) -> tuple[Recorded, ...]:
    """The outputs of a graph, by name, as a manifest holds them.

    >>> record({"y": np.array([[0.1, np.nan]], dtype="f4")})[0].values
    (0.1, None)
    """
    return tuple(
        Recorded(output=name, shape=array.shape, values=tuple(map(_plain, array.ravel())))
        for name, array in answers.items()
    )


def save_rows(inputs: Mapping[str, Array], path: Path) -> None:
    """Write the rows, by input; text as fixed-width text, because nothing here is ever pickled."""
    arrays: dict[str, Any] = {
        _PREFIX + name: array.astype(str) if array.dtype.kind == "O" else array for name, array in inputs.items()
    }
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_rows(path: Path) -> dict[str, Array]:
    """The rows that ``save_rows`` wrote.

    Raises:
        ArtifactMismatch: it is no such file, or holds more than a few rows.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size_mib = sum(one.file_size for one in archive.infolist()) >> 20
        if size_mib > _LARGEST_MIB:
            raise ArtifactMismatch(cause=f"{path}: holds {size_mib} MiB, not a few rows", mend=_MEND)
        with np.load(path, allow_pickle=False) as arrays:
            return {name.removeprefix(_PREFIX): arrays[name] for name in arrays.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ArtifactMismatch(cause=f"{path}: is no table of self-test rows: {error}", mend=_MEND) from None


def compare(label: str, recorded: Iterable[Recorded], answers: Answers, tolerance: float) -> None:
    """Refuse a graph that does not answer what was recorded.

    Args:
        label: of the graph, for the refusal.
        recorded: at training.
        answers: by output, now.
        tolerance: largest difference, as a share of the output's largest value.

    Raises:
        ArtifactMismatch: names the output, and the first value that differs with expected and got.
    """
    for one in recorded:
        got = answers.get(one.output)
        if got is None or got.shape != one.shape:
            found = "nothing" if got is None else f"the shape {list(got.shape)}"
            raise _differs(label, one.output, f"expected the shape {list(one.shape)}, got {found}")
        expected = np.array([np.nan if value is None else value for value in one.values]).reshape(one.shape)
        wrong = np.argwhere(~_equal(expected, got, tolerance))
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            raise _differs(label, one.output, f"expected {expected[at]} at {list(at)}, got {got[at]}")


def _equal(expected: Array, got: Array, tolerance: float) -> npt.NDArray[np.bool_]:
    if got.dtype.kind in "OUS":
        return np.asarray(expected == got.astype(str))
    size = np.max(np.abs(expected), initial=0, where=np.isfinite(expected))
    # NaN and infinity were both recorded as None.
    found = np.where(np.isfinite(got), got, np.nan).astype(np.float64)
    return np.isclose(found, expected.astype(np.float64), rtol=0, atol=tolerance * float(size), equal_nan=True)


def _plain(value: Any) -> int | float | str | None:
    if isinstance(value, np.floating):
        # The shortest text that is this number in its own precision.
        return float(str(value)) if np.isfinite(value) else None
    return value if isinstance(value, str) else int(value)


def _differs(label: str, output: str, how: str) -> ArtifactMismatch:
    return ArtifactMismatch(cause=f"{label} fails its self-test: output '{output}' {how}", mend=_MEND)

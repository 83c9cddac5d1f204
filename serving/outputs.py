"""What a model answered, and which rows of it are not the model's own but the fallback's, with the reason."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

from serving.tensors import Array

OUTSIDE = "outside training range"
MISSING = "too much missing"
NOT_FINITE = "model answer not finite"

COUNT, REASONS = "fallback_rows", "fallback_reasons"
"""Parameters of an Open Inference Protocol reply: how many rows, and which for what reason."""


class Outputs(dict[str, Array]):
    """An array for each output, by name.

    Attributes:
        fallback: row to the reason for which the fallback answered it; every other row is the model's.
    """

    def __init__(self, arrays: Mapping[str, Array], fallback: Mapping[int, str]) -> None:
        super().__init__(arrays)
        self.fallback = fallback


def written(fallback: Mapping[int, str]) -> str:
    """The rows of each reason in one line, neighbours drawn together.

    >>> written({0: MISSING, 3: OUTSIDE, 4: OUTSIDE, 5: OUTSIDE, 9: OUTSIDE})
    'too much missing: 0; outside training range: 3-5,9'
    """
    reasons = dict.fromkeys(fallback.values())
    return "; ".join(f"{reason}: {_spans(row for row, why in fallback.items() if why == reason)}" for reason in reasons)


def read(text: str) -> dict[int, str]:
    """The rows and reasons of ``written``, by row.

    >>> read("too much missing: 0; outside training range: 3-4,9")[9]
    'outside training range'
    """
    found: dict[int, str] = {}
    for part in text.split("; ") if text else []:
        reason, _, spans = part.partition(": ")
        for span in spans.split(","):
            first, _, last = span.partition("-")
            found |= dict.fromkeys(range(int(first), int(last or first) + 1), reason)
    return dict(sorted(found.items()))


def _spans(rows: Iterable[int]) -> str:
    ordered = sorted(rows)
    # A span ends where the next row is not the next number.
    ends = [at for at, (a, b) in enumerate(pairwise(ordered), start=1) if b != a + 1]
    spans = [ordered[a:b] for a, b in pairwise([0, *ends, len(ordered)])]
    return ",".join(str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans)

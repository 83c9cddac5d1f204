"""What a spotter sees of one incident at an instant, and how sure and how bad it is."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from features.cctv.events import Severity
from features.cctv.kinds import IncidentKind
from features.cctv.rules import Grading

_COUNT = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One kind of incident as it looks now.

    Attributes:
        kind: of incident.
        key: by which it is known again at the next instant.
        onset_s: since when.
        enough: whether the evidence is enough to tell of it; less is enough to go on with one that was told.
        probability: that it is one.
        xyxy_px: its box.
        severity: of it.
        zone: that it is in.
        track_id: of who; None of a queue, or of a thing that no track follows.
        why: one sentence in English.
        why_ko: likewise in Korean.
        length_m: of a queue.
        speed_km_h: of a queue, or of who drives the wrong way.
    """

    kind: IncidentKind
    key: Hashable
    onset_s: float
    enough: bool
    probability: float
    xyxy_px: tuple[float, float, float, float]
    severity: Severity
    zone: str
    track_id: int | None
    why: str
    why_ko: str
    length_m: float | None = None
    speed_km_h: float | None = None


def probability(
    grading: Grading, *, score: float, lasted_s: float, needed_s: float, count: int = 0, learned: bool = False
) -> float:
    """That an incident is one: what each piece of evidence leaves of the doubt, multiplied (a noisy or).

    Rises with each of score, duration and count, and never reaches 1.

    Args:
        grading: shares of doubt that each takes away, and the most that it comes to.
        score: of the detector, 0 to 1.
        lasted_s: so far.
        needed_s: that its rule asks for.
        count: of others that bear witness.
        learned: whether the carriageway was learned rather than drawn.
    """
    doubt = (
        (1 - grading.score * float(np.clip(score, 0, 1)))
        * (1 - grading.time * (1 - np.exp(-max(lasted_s, 0) / needed_s)))
        * (1 - grading.count * (1 - np.exp(-max(count, 0) / _COUNT)))
    )
    return float((1 - doubt) * grading.most * (grading.learned if learned else 1.0))

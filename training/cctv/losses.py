"""Which place of the network answers for whom, and what a wrong answer costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from training.cctv.network import STRIDES

_PLACES = 8
"""That answer for one road user, at most."""
_SCORE_POWER, _OVERLAP_POWER = 0.5, 4.0
"""Of how well a place suits somebody (Feng et al. 2021, 2108.07755)."""
_INSIDE = 0.4
"""Share of a box's sides, from its middle, within which places may answer for it."""
_NEAR_STRIDES = 0.75
"""Places that near may answer for the smallest box as well."""
_SIDES_PX = {4: (0.0, 36.0), 8: (10.0, 110.0), 16: (36.0, 1e6)}
"""Longer side of the boxes that a stride's places answer for."""
_BOX_COST, _OVERLOOKED = 4.0, 0.05
"""Cost of a box beside that of a score, and least of what a road user counts whom no place fits yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is to be found in one view.

    Attributes:
        xyxy_px: (target, 4).
        kind: (target,), number in ``KINDS``.
        doubtful_px: (box, 4): what lies there is neither right nor wrong.
    """

    xyxy_px: Tensor
    kind: Tensor
    doubtful_px: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class _Duty:
    """Which places answer for somebody in one view."""

    places: Tensor
    whose: Tensor
    quality: Tensor


def loss(
    boxes: Tensor, logits: Tensor, truths: Sequence[Truth], middles: Tensor, strides: Tensor, rarity: Tensor
) -> Tensor:
    """Cost of the network's answers to a batch.

    Args:
        boxes: (view, place, 4), left, top, right, bottom, pixels.
        logits: (view, place, kind).
        truths: of each view.
        middles: (place, 2), pixels.
        strides: (place,), pixels.
        rarity: (kind,), how much the scores of somebody of a kind weigh.

    Returns:
        A scalar: scores' cross-entropy with how well the box fits as their target, plus the generalised overlap of
        the boxes (Rezatofighi et al. 2019, 1902.09630), both by how much there is to be found.
    """
    wanted, weight = torch.zeros_like(logits), torch.ones_like(logits)
    answered, true, quality = [], [], []
    with torch.no_grad():
        duties = [
            _assigned(scores, own, truth, middles, strides)
            for scores, own, truth in zip(logits.sigmoid(), boxes, truths, strict=True)
        ]
    for number, (truth, duty) in enumerate(zip(truths, duties, strict=True)):
        if len(truth.doubtful_px):
            weight[number][_within(middles, truth.doubtful_px).any(dim=1)] = 0
        weight[number][duty.places] = 1
        kinds = truth.kind[duty.whose]
        weight[number, duty.places, kinds] = rarity[kinds]
        wanted[number, duty.places, kinds] = duty.quality
        answered.append(boxes[number, duty.places])
        true.append(truth.xyxy_px[duty.whose])
        quality.append(duty.quality)
    total = torch.cat(quality)
    there = total.sum().clamp(min=1.0)
    scores = (binary_cross_entropy_with_logits(logits, wanted, reduction="none") * weight).sum()
    overlap = _generalised(torch.cat(answered), torch.cat(true))
    return (scores + _BOX_COST * ((1 - overlap) * total).sum()) / there


def overlaps(ones: Tensor, others: Tensor) -> Tensor:
    """(n, m): intersection over union of boxes (n, 4) with boxes (m, 4)."""
    low = torch.maximum(ones[:, None, :2], others[None, :, :2])
    high = torch.minimum(ones[:, None, 2:], others[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(dim=2)
    return shared / (_area(ones)[:, None] + _area(others)[None] - shared).clamp(min=1e-6)


def _assigned(scores: Tensor, boxes: Tensor, truth: Truth, middles: Tensor, strides: Tensor) -> _Duty:
    """Each road user's best places, by how sure they are of its kind and how well their box fits it."""
    if not len(truth.kind):
        none = torch.empty(0, dtype=torch.long)
        return _Duty(places=none, whose=none, quality=torch.empty(0))
    may = _may_answer(truth.xyxy_px, middles, strides)
    at = may.any(dim=0).nonzero()[:, 0]
    fits = overlaps(truth.xyxy_px, boxes[at])
    suits = scores[at][:, truth.kind].T ** _SCORE_POWER * fits**_OVERLAP_POWER * may[:, at]
    # Where nothing fits yet, the nearest places learn first.
    gap = (middles[at][None] - (truth.xyxy_px[:, None, :2] + truth.xyxy_px[:, None, 2:]) / 2).norm(dim=2)
    ranked = torch.where(may[:, at], suits + 1e-9 / (1 + gap), torch.full_like(suits, -1.0))
    count = min(_PLACES, len(at))
    best, chosen = ranked.topk(count, dim=1)
    taken = torch.zeros_like(may[:, at])
    taken.scatter_(1, chosen, best > 0)
    # Whom several want answers for who lies closest.
    closest = torch.where(taken, fits + 1e-6 / (1 + gap), torch.full_like(fits, -1.0)).argmax(dim=0)
    used = taken.any(dim=0).nonzero()[:, 0]
    whose = closest[used]
    share = suits / suits.amax(dim=1, keepdim=True).clamp(min=1e-12)
    peak = torch.where(taken, fits, torch.zeros_like(fits)).amax(dim=1, keepdim=True).clamp(min=_OVERLOOKED)
    return _Duty(places=at[used], whose=whose, quality=(share * peak)[whose, used].clamp(min=_OVERLOOKED))


def _may_answer(true_px: Tensor, middles: Tensor, strides: Tensor) -> Tensor:
    """(target, place): whether a place lies well inside a box and is of a stride for its size."""
    sides = true_px[:, 2:] - true_px[:, :2]
    off = (middles[None] - (true_px[:, None, :2] + true_px[:, None, 2:]) / 2).abs()
    reach = torch.maximum(_INSIDE * sides[:, None], _NEAR_STRIDES * strides[None, :, None])
    longest = sides.amax(dim=1)
    may = torch.zeros(len(true_px), len(strides), dtype=torch.bool)
    for stride in STRIDES:
        low, high = _SIDES_PX[stride]
        may |= ((longest >= low) & (longest < high))[:, None] & (strides == stride)[None]
    return may & (off < reach).all(dim=2)


def _within(middles: Tensor, boxes: Tensor) -> Tensor:
    """(place, box)."""
    return ((middles[:, None] >= boxes[None, :, :2]) & (middles[:, None] <= boxes[None, :, 2:])).all(dim=2)


def _generalised(ones: Tensor, others: Tensor) -> Tensor:
    """(n,): generalised intersection over union of each with its own other."""
    shared = (torch.minimum(ones[:, 2:], others[:, 2:]) - torch.maximum(ones[:, :2], others[:, :2])).clamp(min=0)
    shared_px = shared.prod(dim=1)
    union = (_area(ones) + _area(others) - shared_px).clamp(min=1e-6)
    hull = torch.maximum(ones[:, 2:], others[:, 2:]) - torch.minimum(ones[:, :2], others[:, :2])
    hull_px = hull.prod(dim=1).clamp(min=1e-6)
    return shared_px / union - (hull_px - union) / hull_px


def _area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1)

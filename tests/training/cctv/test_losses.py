"""What a wrong answer costs: less, the better the boxes and scores; nothing, where nobody knows."""

import pytest
import torch

from features.cctv.kinds import KINDS, UserKind
from training.cctv.losses import Truth, loss, overlaps
from training.cctv.network import places

SIDE = 64
CAR = KINDS.index(UserKind.CAR)
EVEN = torch.ones(len(KINDS))
MIDDLES, STRIDES = places(SIDE, SIDE)


def truth(*boxes, doubtful=()):
    return Truth(
        xyxy_px=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        kind=torch.full((len(boxes),), CAR),
        doubtful_px=torch.tensor(doubtful, dtype=torch.float32).reshape(-1, 4),
    )


def answers(box=None, score=0.0, at=None):
    """Each place tells of a small box around itself, which is nothing; some tell of ``box``."""
    half = STRIDES[:, None] / 2
    boxes = torch.cat([MIDDLES - half, MIDDLES + half], dim=1)
    logits = torch.full((len(boxes), len(KINDS)), -8.0)
    if box is not None:
        at = at if at is not None else near(box)
        boxes[at] = torch.tensor(box, dtype=torch.float32)
        logits[at, CAR] = score
    return boxes[None], logits[None]


def near(box):
    left, top, right, bottom = box
    middle = torch.tensor([(left + right) / 2, (top + bottom) / 2])
    return (MIDDLES - middle).abs().amax(dim=1) < 6


BOX = (20.0, 20.0, 44.0, 40.0)
OFF = (28.0, 26.0, 56.0, 50.0)


def cost(box, score, *truths):
    return float(loss(*answers(box, score), list(truths), MIDDLES, STRIDES, EVEN))


def test_a_better_box_costs_less():
    assert cost(BOX, 4.0, truth(BOX)) < cost(OFF, 4.0, truth(BOX))


def test_a_surer_score_on_somebody_costs_less():
    assert cost(BOX, 4.0, truth(BOX)) < cost(BOX, -4.0, truth(BOX))


def test_a_surer_score_on_nobody_costs_more():
    assert cost(BOX, 4.0, truth()) > cost(BOX, -4.0, truth())


def test_where_nobody_knows_no_answer_is_wrong():
    whole = (0.0, 0.0, float(SIDE), float(SIDE))

    assert cost(BOX, 4.0, truth(doubtful=[whole])) == pytest.approx(0.0, abs=1e-6)


def test_who_counts_counts_amid_what_nobody_knows():
    whole = (0.0, 0.0, float(SIDE), float(SIDE))

    assert cost(BOX, 4.0, truth(BOX, doubtful=[whole])) < cost(BOX, -4.0, truth(BOX, doubtful=[whole]))


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((31.0, 31.0, 35.0, 34.0), id="smaller than a place"),
        pytest.param((0.0, 0.0, 64.0, 64.0), id="as large as the picture"),
        pytest.param((61.0, 10.0, 64.0, 20.0), id="at the edge"),
    ],
)
def test_everybody_has_a_place_that_answers(box):
    boxes, logits = answers()
    logits.requires_grad_()
    loss(boxes, logits, [truth(box)], MIDDLES, STRIDES, EVEN).backward()

    assert (logits.grad[0, :, CAR] < 0).any()


def test_two_who_overlap_are_answered_by_places_of_their_own():
    one, other = (10.0, 10.0, 34.0, 34.0), (22.0, 10.0, 46.0, 34.0)
    boxes, logits = answers()
    boxes[0][near(one)] = torch.tensor(one)
    boxes[0][near(other) & ~near(one)] = torch.tensor(other)
    both = float(loss(boxes, logits, [truth(one, other)], MIDDLES, STRIDES, EVEN))
    boxes[0][near(other) & ~near(one)] = torch.tensor(one)
    single = float(loss(boxes, logits, [truth(one, other)], MIDDLES, STRIDES, EVEN))

    assert both < single


def test_overlap_is_that_of_rectangles():
    found = overlaps(torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[1.0, 0, 3, 2], [5, 5, 6, 6]]))

    torch.testing.assert_close(found, torch.tensor([[1 / 3, 0.0]]))

"""One lesson as many: cut out, scaled, turned round, in other light, by a worse camera, with a blind background."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from features.cctv.kinds import KINDS, UserKind
from training.cctv.lessons import Views

FloatArray = npt.NDArray[np.float32]

_SCALES = (0.65, 2.2)
_NEAR_SHARE = 0.65
"""Of the squares: their middle is near somebody."""
_GREY = 114.0
_KEPT_SHARE, _SEEN_SHARE = 0.15, 0.4
"""Area of a box inside the cut-out below which it is dropped, and from which on it counts."""
_LEAST_PX = 5.0
_ALWAYS_SHARE, _STOPPED_SHARE = 0.2, 0.15
"""Of those who are there: they are in both backgrounds, or in the fast one."""
_OBJECT, _DIFFERS = KINDS.index(UserKind.OBJECT), 6.0
"""Grey levels by which a thing differs more, in the mean over its box, than what is around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A cut-out of a lesson.

    Attributes:
        channels: (5, side, side), 0 to 255.
        targets: (target, 6): left, top, right, bottom, kind, counts.
    """

    channels: FloatArray
    targets: FloatArray


def cut(views: Views, targets: FloatArray, rarity: FloatArray, side_px: int, chance: np.random.Generator) -> Cut:
    """A square of a lesson as it might have looked as well.

    Args:
        views: (height, width, 5).
        targets: (target, 6): left, top, right, bottom, kind, counts.
        rarity: (kind,), how much oftener one of a kind is in the middle than one of the commonest.
        side_px: of the square.
        chance: draws all of it.
    """
    scale = float(np.exp(chance.uniform(*np.log(_SCALES))))
    flips = chance.random() < 0.5
    middle = _middle(views.shape, targets, rarity, side_px / scale, chance)
    across = -scale if flips else scale
    onto = np.array(
        [[across, 0, side_px / 2 - across * middle[0]], [0, scale, side_px / 2 - scale * middle[1]]], dtype=np.float32
    )
    picture = _warped(views[..., :3], onto, side_px, _GREY)
    moved = _moved(targets, onto, side_px)
    differences = _stood(_warped(views[..., 3:], onto, side_px, 0.0), moved, chance)
    picture, gain = _relit(picture, chance)
    channels = np.concatenate([_filmed(picture, chance), _blinded(differences * gain, chance)], axis=2)
    return Cut(
        channels=np.ascontiguousarray(channels.clip(0, 255).transpose(2, 0, 1), dtype=np.float32),
        targets=doubted(moved, channels[..., 3]),
    )


def doubted(targets: FloatArray, slow_difference: FloatArray | Views) -> FloatArray:
    """Things count where they differ from the slow background: what has always lain there is part of the street.

    By its looks alone nobody could tell a box left on the road from a sign, a bin or a hedge.

    Args:
        targets: (target, 6): left, top, right, bottom, kind, counts; of what does not count, the last becomes 0.
        slow_difference: (height, width).
    """
    around = float(np.median(slow_difference))
    for row in targets:
        left, top, right, bottom = row[:4].astype(int).tolist()
        if row[4] == _OBJECT and slow_difference[top : bottom + 1, left : right + 1].mean() < around + _DIFFERS:
            row[5] = 0
    return targets


def _middle(
    shape: tuple[int, ...], targets: FloatArray, rarity: FloatArray, side_px: float, chance: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(2,): of the square in the lesson's pixels; near somebody oftener than not, as most of a street is empty."""
    height, width = shape[:2]
    middle = chance.uniform([0, 0], [width, height])
    if len(targets) and chance.random() < _NEAR_SHARE:
        weight = rarity[targets[:, 4].astype(int)]
        box = targets[int(chance.choice(len(targets), p=weight / weight.sum(dtype=np.float64)))]
        middle = (box[:2] + box[2:4]) / 2 + chance.normal(0, side_px / 5, 2)
    for axis, length in enumerate((width, height)):
        middle[axis] = np.clip(middle[axis], min(side_px, length) / 2, max(length - side_px / 2, length / 2))
    return middle


def _warped(part: Views, onto: FloatArray, side_px: int, beside: float) -> FloatArray:
    shrinks = abs(float(onto[0, 0])) < 0.8
    planes = cv2.GaussianBlur(part, (3, 3), 0.5) if shrinks else np.ascontiguousarray(part)
    border = (beside,) * 4
    return np.asarray(
        cv2.warpAffine(planes, onto, (side_px, side_px), flags=cv2.INTER_LINEAR, borderValue=border), dtype=np.float32
    )


def _relit(picture: FloatArray, chance: np.random.Generator) -> tuple[FloatArray, float]:
    """Another exposure, colour and contrast; and by how much differences grow."""
    if chance.random() < 0.25:
        return picture, 1.0
    gain = float(np.exp(chance.normal(0, 0.25)))
    if chance.random() < 0.4:
        gamma = float(np.exp(chance.normal(0, 0.3)))
        picture = (255 * (picture / 255) ** gamma).astype(np.float32)
    grey = picture.mean(axis=2, keepdims=True)
    colour = 0.0 if chance.random() < 0.08 else float(np.exp(chance.normal(0, 0.35)))
    tint = np.exp(chance.normal(0, 0.08, 3)).astype(np.float32)
    turned = np.float32(chance.normal(0, 0.15))
    # A mild turn of hues: part of one channel goes into the next.
    mixed = (1 - abs(turned)) * picture + abs(turned) * np.roll(picture, 1 if turned > 0 else -1, axis=2)
    picture = (grey + (mixed - grey) * np.float32(colour)) * tint * np.float32(gain)
    return (picture + np.float32(chance.normal(0, 14))).clip(0, 255).astype(np.float32), gain


def _filmed(picture: FloatArray, chance: np.random.Generator) -> FloatArray:
    """By a camera out of focus, noisy, or behind a thin line."""
    side = picture.shape[0]
    if chance.random() < 0.25:
        picture = _blurred(picture, float(chance.uniform(0.4, 1.3)))
    if chance.random() < 0.15:
        amount = np.float32(chance.uniform(0.3, 1.0))
        picture = picture + amount * (picture - _blurred(picture, 1.5))
    if chance.random() < 0.4:
        noise = np.float32(chance.exponential(4))
        picture = picture + noise * chance.standard_normal(picture.shape, dtype=np.float32)
    if chance.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(15, 70))]
        _, packed = cv2.imencode(".jpg", picture.clip(0, 255).astype(np.uint8), quality)
        picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.float32)
    if chance.random() < 0.15:
        # Part of a sign, a pole, a caption.
        left, top = chance.integers(0, side, 2).tolist()
        wide, high = chance.integers(2, side // 4, 2).tolist()
        picture = np.array(picture)
        picture[top : top + high, left : left + wide] = chance.uniform(0, 255, 3)
    return picture


def _blurred(picture: FloatArray, sigma_px: float) -> FloatArray:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), dtype=np.float32)


def _stood(differences: FloatArray, targets: FloatArray, chance: np.random.Generator) -> FloatArray:
    """Some have stopped, and some have stood there since before the camera was switched on."""
    for left, top, right, bottom in targets[:, :4].astype(int).tolist():
        drawn = chance.random()
        part = differences[max(top - 1, 0) : bottom + 2, max(left - 1, 0) : right + 2]
        if drawn < _ALWAYS_SHARE:
            part[:] = 0
        elif drawn < _ALWAYS_SHARE + _STOPPED_SHARE:
            part[..., 1] = 0
    return differences


def _blinded(differences: FloatArray, chance: np.random.Generator) -> FloatArray:
    """The backgrounds as they are now and then: not there yet, noisy, of other strength, wrong as a whole."""
    differences = differences * np.float32(np.exp(chance.normal(0, 0.2)))
    drawn = chance.random()
    if drawn < 0.12:
        return np.zeros_like(differences)
    if drawn < 0.20:
        differences[..., int(chance.integers(2))] = 0
    elif drawn < 0.25:
        # A cloud, a lamp, a camera that was touched: everything differs.
        differences = (differences + chance.uniform(10, 60)).astype(np.float32)
    elif drawn < 0.30:
        differences[..., 0] = differences[..., 1]
    if chance.random() < 0.3:
        noise = np.float32(chance.exponential(4))
        differences += noise * np.abs(chance.standard_normal(differences.shape, dtype=np.float32))
    return differences


def _moved(targets: FloatArray, onto: FloatArray, side_px: int) -> FloatArray:
    """Boxes in the square; who is cut off or too small does not count, who is nearly all outside is dropped."""
    x = targets[:, [0, 2]] * onto[0, 0] + onto[0, 2]
    y = targets[:, [1, 3]] * onto[1, 1] + onto[1, 2]
    whole = np.stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)], axis=1)
    boxes = whole.clip(0, side_px)
    sides = boxes[:, 2:] - boxes[:, :2]
    share = sides.prod(axis=1) / np.maximum((whole[:, 2:] - whole[:, :2]).prod(axis=1), 1e-6)
    counts = (targets[:, 5] > 0) & (share >= _SEEN_SHARE) & (sides.max(axis=1, initial=0) >= _LEAST_PX)
    moved = np.concatenate([boxes, targets[:, 4:5], counts[:, None]], axis=1).astype(np.float32)
    kept: FloatArray = moved[share >= _KEPT_SHARE]
    return kept

"""How the detector is trained; what can be set from outside, with defaults that two cores do in an hour."""

from dataclasses import asdict, dataclass
from typing import Any

from features.errors import BadInput
from features.plain import from_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Settings of a training.

    Attributes:
        scenes: rendered to learn from, ten seconds each.
        judged_scenes: rendered to judge by.
        held_out: camera whose real clips are judged by, not learned from: their names begin with it. Where there is
            none such, the camera with the fewest clips.
        real_share: of each batch that comes from real clips, where there are any.
        width: channels of the network's first layer; deeper ones have multiples of it.
        side_px: of the squares that are learned from, a multiple of 32.
        batch: squares of a step.
        steps: of training.
        learning_rate: at its highest.
        weight_decay: of the weights.
        averaged_steps: over which the weights are averaged into those that are kept.
    """

    scenes: int = 440
    judged_scenes: int = 30
    held_out: str = ""
    real_share: float = 0.5
    width: int = 16
    side_px: int = 256
    batch: int = 16
    steps: int = 5000
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    averaged_steps: int = 400

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise BadInput(
                    cause=f"{name}={getattr(self, name)} is outside {low:g} to {high:g}", mend="Pick a value between"
                )
        if self.side_px % 32:
            raise BadInput(cause=f"side_px={self.side_px} is no multiple of 32", mend="E.g. 256")

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Recipe":
        """The recipe that ``values`` describes.

        Raises:
            UnknownName: a key that is no field.
            BadInput: a value of another type, or out of its range.
        """
        return from_plain(cls, values)


QUICK = {"scenes": 4, "judged_scenes": 1, "width": 8, "side_px": 192, "batch": 12, "steps": 100, "averaged_steps": 20}
"""What ``--quick`` sets: a model in under a minute, to see that all works; it finds next to nothing."""

_RANGES = {
    "scenes": (1, 100_000),
    "judged_scenes": (1, 10_000),
    "real_share": (0, 1),
    "width": (4, 64),
    "side_px": (64, 640),
    "batch": (1, 1024),
    "steps": (1, 10_000_000),
    "learning_rate": (1e-6, 1),
    "weight_decay": (0, 1),
    "averaged_steps": (1, 100_000),
}

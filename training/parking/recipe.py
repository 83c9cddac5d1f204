"""How a parking model is fitted; what can be set from outside, with defaults that suit any city."""

from dataclasses import asdict, dataclass
from typing import Any

from features.errors import BadInput
from features.plain import from_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Settings of the fit; those of trees are LightGBM's.

    Attributes:
        issues: issue times that are learned from at most, evenly over all.
        rows: forecasts of a lot that are held in memory at once; where there are more, they are learned from in parts.
        cold_share: of them, in which a lot's own history is hidden, so that a lot never seen is answered honestly.
        networks: that differ by chance alone and answer with their mean.
        network_width: hidden units.
        network_blocks: residual layers.
        network_steps: of training at most.
        network_passes: over the rows, as far as they lie an hour apart: nearer ones tell the same. Few rows would be
            learned by heart.
        network_batch: rows of a step.
        network_learning_rate: at its highest.
        trees_count: of each horizon group's median.
        trees_leaves: at most, of one tree.
        trees_learning_rate: of boosting.
        trees_min_rows: of one leaf, but for a thousandth of the rows where that is fewer.
        trees_rows: that the trees of a horizon group are grown on at most.
        full_trees_count: of the probability of being full.
    """

    issues: int = 12_000
    rows: int = 330_000
    cold_share: float = 0.02
    networks: int = 2
    network_width: int = 384
    network_blocks: int = 2
    network_steps: int = 5000
    network_passes: float = 1.5
    network_batch: int = 512
    network_learning_rate: float = 1.5e-3
    trees_count: int = 300
    trees_leaves: int = 63
    trees_learning_rate: float = 0.07
    trees_min_rows: int = 200
    trees_rows: int = 600_000
    full_trees_count: int = 100

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise BadInput(
                    cause=f"{name}={getattr(self, name)} is outside {low:g} to {high:g}", mend="Pick a value between"
                )

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


QUICK = {
    "issues": 300,
    "rows": 20_000,
    "networks": 1,
    "network_width": 64,
    "network_passes": 3,
    "network_steps": 400,
    "trees_count": 30,
    "full_trees_count": 30,
    "trees_rows": 20_000,
}
"""What ``--quick`` sets: a small model in seconds."""

_RANGES = {
    "issues": (20, 1_000_000),
    "rows": (1000, 10_000_000),
    "cold_share": (0, 0.5),
    "networks": (1, 16),
    "network_width": (4, 4096),
    "network_blocks": (0, 16),
    "network_steps": (1, 1_000_000),
    "network_passes": (0.1, 1000),
    "network_batch": (8, 1_000_000),
    "network_learning_rate": (1e-6, 1),
    "trees_count": (1, 5000),
    "trees_leaves": (2, 1024),
    "trees_learning_rate": (1e-4, 1),
    "trees_min_rows": (1, 1_000_000),
    "trees_rows": (1000, 10_000_000),
    "full_trees_count": (1, 5000),
}

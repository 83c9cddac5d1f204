"""How a parking model is fitted; what can be set from outside, with defaults that suit any city."""

from dataclasses import asdict, dataclass
from typing import Any

from features.errors import BadInput
from features.plain import from_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Settings of the fit; those of trees are LightGBM's.

    Attributes:
        trees_count: of each horizon group's median.
        trees_leaves: at most, of one tree.
        trees_learning_rate: of boosting.
        trees_min_rows: of one leaf.
        trees_rows: that the trees of a horizon group are grown on at most.
        scale_trees_count: of the size of its errors.
        full_trees_count: of the probability of being full.
        issues: issue times that are learned from at most, evenly over all.
        cold_share: of them, at which a lot's own history is hidden, so that a lot never seen is answered honestly.
    """

    trees_count: int = 200
    trees_leaves: int = 63
    trees_learning_rate: float = 0.08
    trees_min_rows: int = 200
    trees_rows: int = 800_000
    scale_trees_count: int = 60
    full_trees_count: int = 100
    issues: int = 3000
    cold_share: float = 0.03

    def __post_init__(self) -> None:
        for name, low, high in (
            ("trees_count", 1, 5000),
            ("trees_leaves", 2, 1024),
            ("trees_learning_rate", 1e-4, 1),
            ("trees_min_rows", 1, 1_000_000),
            ("trees_rows", 1000, 10_000_000),
            ("scale_trees_count", 1, 5000),
            ("full_trees_count", 1, 5000),
            ("issues", 50, 1_000_000),
            ("cold_share", 0, 0.5),
        ):
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

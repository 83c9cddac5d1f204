"""How a hazard's model is fitted; what can be set from outside, with defaults that suit all of the table."""

from dataclasses import asdict, dataclass
from typing import Any

from features.errors import BadInput
from features.plain import from_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Settings of the fit; those of trees are LightGBM's.

    Attributes:
        trees_count: of each target; none leaves the linear core alone.
        trees_leaves: at most, of one tree.
        trees_learning_rate: of boosting.
        trees_min_rows: of one leaf.
        trees_rows: that trees are grown on at most; the rest is left out evenly, of what is rare none.
        miss_cost: a missed event costs as much as so many false alarms.
    """

    trees_count: int = 150
    trees_leaves: int = 31
    trees_learning_rate: float = 0.08
    trees_min_rows: int = 100
    trees_rows: int = 50_000
    miss_cost: float = 5.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("trees_count", 0, 2000),
            ("trees_leaves", 2, 255),
            ("trees_learning_rate", 1e-4, 1),
            ("trees_min_rows", 1, 100_000),
            ("trees_rows", 1000, 10_000_000),
            ("miss_cost", 1e-3, 1e3),
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

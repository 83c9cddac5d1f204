"""How a traffic model is fitted: its members and their settings. Frozen; no part of it is needed to serve."""

from dataclasses import asdict, dataclass
from typing import Any

from features.errors import BadInput, UnknownName

MEMBERS = ("linear", "network", "trees")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is fitted, and how.

    Attributes:
        members: of the blend, from ``MEMBERS``.
        network_width: hidden units.
        network_blocks: residual blocks.
        network_dropout: share of hidden units left out in training.
        network_epochs: passes over the training rows.
        network_learning_rate: at its highest.
        network_weight_decay: of AdamW.
        network_seeds: networks that differ by chance only and are averaged.
        network_batch: rows of a step of training.
        trees_count: trees of each horizon group's median.
        trees_leaves: leaves of a tree.
        trees_learning_rate: share of each tree that counts.
        trees_min_rows: fewest rows in a leaf.
    """

    members: tuple[str, ...] = MEMBERS
    network_width: int = 128
    network_blocks: int = 1
    network_dropout: float = 0.4
    network_epochs: int = 6
    network_learning_rate: float = 2e-3
    network_weight_decay: float = 0.1
    network_seeds: int = 3
    network_batch: int = 2048
    trees_count: int = 200
    trees_leaves: int = 31
    trees_learning_rate: float = 0.06
    trees_min_rows: int = 200

    def __post_init__(self) -> None:
        for name in self.members:
            if name not in MEMBERS:
                raise UnknownName.among("member", name, list(MEMBERS))
        if not self.members or len(set(self.members)) != len(self.members):
            raise BadInput(
                cause=f"members={list(self.members)} is empty or names one twice",
                mend=f'Name each once, e.g. members=["{MEMBERS[0]}", "{MEMBERS[1]}"]',
            )
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise BadInput(
                    cause=f"{name}={getattr(self, name)} is outside {low:g} to {high:g}",
                    mend="Pick a number within",
                )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"members": list(self.members)}


_RANGES = {
    "network_width": (4, 4096),
    "network_blocks": (0, 16),
    "network_dropout": (0.0, 0.9),
    "network_epochs": (1, 1000),
    "network_learning_rate": (1e-6, 1.0),
    "network_weight_decay": (0.0, 10.0),
    "network_seeds": (1, 16),
    "network_batch": (8, 1_000_000),
    "trees_count": (1, 5000),
    "trees_leaves": (2, 1024),
    "trees_learning_rate": (1e-4, 1.0),
    "trees_min_rows": (1, 1_000_000),
}

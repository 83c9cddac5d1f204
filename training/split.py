"""Splits by time: train, then validation, then test; every window lies wholly inside its own part."""

from dataclasses import dataclass
from datetime import datetime

from features.errors import BadInput
from features.series import Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Row numbers of a panel: train [0, validation), validation [validation, test), test [test, end)."""

    validation: int
    test: int
    end: int

    @classmethod
    def by_shares(cls, panel: Panel, shares: tuple[float, ...]) -> "Split":
        """Parts of the panel's span, e.g. ``(0.6, 0.2, 0.2)``.

        Raises:
            BadInput: not three positive shares that add up to one.
        """
        _check_shares(shares)
        rows = len(panel)
        return cls(validation=round(rows * shares[0]), test=round(rows * (shares[0] + shares[1])), end=rows)

    @classmethod
    def at(cls, panel: Panel, validation: datetime, test: datetime) -> "Split":
        """Parts that begin at those instants.

        Raises:
            BadInput: instants that are out of order or outside the measurements.
        """
        if not panel.start < validation < test < panel.end:
            raise BadInput(
                cause=f"--split-at {validation.isoformat()},{test.isoformat()} does not cut "
                f"{panel.start.isoformat()} to {panel.end.isoformat()} into three parts",
                mend="Give the start of validation, then the start of test, both inside the measurements",
            )
        return cls(validation=panel.index(validation), test=panel.index(test), end=len(panel))

    @classmethod
    def before(cls, panel: Panel, test: datetime, shares: tuple[float, ...]) -> "Split":
        """Test from an instant on; what lies before is train and validation in the ratio of ``shares``.

        Raises:
            BadInput: nothing is measured before the instant, or after; or ``shares`` are none.
        """
        _check_shares(shares)
        if not panel.start < test < panel.end:
            raise BadInput(
                cause=f"--from {test.isoformat()} leaves nothing to train on or nothing to judge: the measurements run "
                f"from {panel.start.isoformat()} to {panel.end.isoformat()}",
                mend="Give a time between, with some weeks before it",
            )
        first = panel.index(test)
        return cls(validation=round(first * shares[0] / (shares[0] + shares[1])), test=first, end=len(panel))

    def check(self, *, warmup_steps: int, horizon_steps: int) -> None:
        """Refuse a split whose parts are too short to train, choose and judge on.

        Raises:
            BadInput: naming the part that is too short.
        """
        need = {"train": warmup_steps + 2 * horizon_steps, "validation": 2 * horizon_steps, "test": horizon_steps + 1}
        have = {"train": self.validation, "validation": self.test - self.validation, "test": self.end - self.test}
        for part, steps in need.items():
            if have[part] < steps:
                raise BadInput(
                    cause=f"The {part} part has {have[part]} steps; this history and horizon need {steps}",
                    mend="Give a longer history, another --split, or a shorter --set horizon_steps",
                )


def _check_shares(shares: tuple[float, ...]) -> None:
    if len(shares) != 3 or not all(0 < share < 1 for share in shares) or abs(sum(shares) - 1) > 1e-6:
        raise BadInput(
            cause=f"--split {','.join(map(str, shares))} is not three positive shares that add up to 1",
            mend="Give train, validation and test, e.g. --split 0.6,0.2,0.2",
        )

"""What operators may do with an alert, and when."""

from collections.abc import Mapping

from features.errors import BadInput
from serving.alerts.alert import Alert
from serving.alerts.words import Action, Life, Phase

_BECOMES: Mapping[Action, tuple[frozenset[Life], Life]] = {
    Action.ACKNOWLEDGED: (frozenset({Life.NEW}), Life.ACKNOWLEDGED),
    Action.ESCALATED: (frozenset({Life.NEW, Life.ACKNOWLEDGED}), Life.ESCALATED),
    Action.CLOSED: (frozenset({Life.NEW, Life.ACKNOWLEDGED, Life.ESCALATED}), Life.CLOSED),
    # What was closed may turn out to have been nothing.
    Action.FALSE_ALARM: (frozenset(Life) - {Life.FALSE_ALARM}, Life.FALSE_ALARM),
}
_FURTHER = (Life.NEW, Life.ACKNOWLEDGED, Life.ESCALATED, Life.CLOSED, Life.FALSE_ALARM)


def after(alert: Alert, action: Action) -> Life:
    """The life of ``alert`` once an operator has done ``action``.

    Raises:
        BadInput: that is no action of an operator, or not one to be done now.
    """
    if action not in _BECOMES:
        raise BadInput(cause=f"No operator can have an alert {action}", mend=f"They can have it {', '.join(_BECOMES)}")
    if alert.phase is Phase.MERGED:
        raise BadInput(
            cause=f"Alert {alert.id} turned out to be one event with {alert.merged_into} and cannot be {action}",
            mend=f"Act on {alert.merged_into}",
        )
    allowed, becomes = _BECOMES[action]
    if alert.life not in allowed:
        left = [str(other) for other, (lives, _) in _BECOMES.items() if alert.life in lives]
        can = f"it can still be: {', '.join(left)}" if left else "nothing is left to do with it"
        raise BadInput(
            cause=f"Alert {alert.id} is {alert.life} and cannot be {action}",
            mend=f"Look at what it is now (haechi alerts show {alert.id}): {can}",
        )
    return becomes


def furthest(lives: list[Life]) -> Life:
    """The one of ``lives`` that operators got furthest with."""
    return max(lives, key=_FURTHER.index)

"""Which version of a model answers whom: a canary for a share of the calls or a zone of the city, a shadow for nobody.

``ROOT/NAME/routing.json`` beside the aliases; the champion answers whoever is not routed elsewhere.
"""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from features.errors import BadInput, StorageFailure
from features.manifest import NAME_PATTERN

_FILE = "routing.json"
_ZONE = re.compile(NAME_PATTERN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Where the calls of one model go beside its champion.

    Attributes:
        canary: version that answers some of them; None: no canary.
        share: of the calls that name no version and come from no zone of ``zones``, by chance, in [0, 1].
        zones: whose calls the canary answers, all of them.
        shadow: version that is asked whatever the champion is asked; its answers are compared, never returned.
    """

    canary: int | None = None
    share: float = 0.0
    zones: tuple[str, ...] = ()
    shadow: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise BadInput(cause=f"share={self.share:g} is outside 0 to 1", mend="Give a share of calls, e.g. 0.1")
        for zone in self.zones:
            if _ZONE.fullmatch(zone) is None:
                raise BadInput(
                    cause=f"'{zone[:100]}' is not a zone's name", mend="Use lower-case letters, digits and '-'"
                )
        if self.canary is None and (self.share or self.zones):
            raise BadInput(cause="A share or a zone without a canary", mend="Name the version that is to answer them")
        if self.canary is not None and not (self.share or self.zones):
            raise BadInput(cause="The canary would answer nobody", mend="Give it a share of the calls, or a zone")

    def __str__(self) -> str:
        """For people, e.g. ``canary 5 for 10% of the calls and the zones gangnam``."""
        parts = []
        if self.canary is not None:
            whose = [f"{self.share:.0%} of the calls"] if self.share else []
            whose += [f"the zones {', '.join(self.zones)}"] if self.zones else []
            parts.append(f"canary {self.canary} for {' and '.join(whose)}")
        if self.shadow is not None:
            parts.append(f"shadow {self.shadow}")
        return "; ".join(parts) or "the champion alone"

    @property
    def versions(self) -> tuple[int, ...]:
        """Every version that it needs."""
        return tuple(version for version in (self.canary, self.shadow) if version is not None)


CHAMPION_ALONE = Routing()
"""Where nothing else was said."""


def read_routing(root: Path, name: str) -> Routing:
    """The routing of ``name``.

    Raises:
        StorageFailure: its file is damaged.
    """
    path = root / name / _FILE
    try:
        content = json.loads(path.read_bytes())
        return Routing(**content | {"zones": tuple(content.get("zones", ()))})
    except FileNotFoundError:
        return CHAMPION_ALONE
    except (ValueError, TypeError, AttributeError, BadInput) as error:
        raise StorageFailure(
            cause=f"{path} is not a routing: {error}", mend=f"Set it again: haechi models route {name}"
        ) from None


def write_routing(root: Path, name: str, routing: Routing) -> None:
    """Replace the routing of ``name``, at once: a reader sees the old one or the new one."""
    path = root / name / _FILE
    partial = path.with_name(f".{_FILE}.{os.getpid()}.partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(asdict(routing), file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)

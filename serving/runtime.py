"""The models of one process: loaded from artifacts, asked with arrays, answered with arrays. It knows no wire."""

import random
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakSet

from features.artifact import SELF_TEST, open_artifact
from features.errors import Overloaded, UnknownName
from features.manifest import Manifest
from features.routing import CHAMPION_ALONE, Routing
from features.self_test import load_rows
from serving.batches import Batches, pays
from serving.call import Call
from serving.cores import cores
from serving.outputs import Outputs
from serving.served import Served, check, compute, open_served
from serving.shadow import Shadows
from serving.tensors import Array
from serving.turns import Turns

IN_PROCESS = Call(method="Runtime.run")
"""The call of whoever asks without a wire, and waits as long as it takes."""


AfterRun = Callable[[Served, Mapping[str, Array], Outputs], None]
"""Hears what was asked of a version, and what it answered."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """The versions of one model that are at hand, and who answers.

    Attributes:
        versions: by number.
        current: answers where nothing else is said.
        routing: who answers else; a version of it that is not at hand is as if it were not named.
    """

    versions: Mapping[int, Served]
    current: int
    routing: Routing = CHAMPION_ALONE

    def answering(self, zone: str, chance: float) -> Served:
        """The version that answers a call that names none.

        Args:
            zone: of the caller; empty: none.
            chance: in [0, 1), drawn for this call.
        """
        routing = self.routing
        canary = self.versions.get(routing.canary) if routing.canary is not None else None
        if canary is not None and (zone in routing.zones or chance < routing.share):
            return canary
        return self.versions[self.current]

    @property
    def may_answer(self) -> tuple[Served, ...]:
        """Every version that ``answering`` may give."""
        canary = self.versions.get(self.routing.canary) if self.routing.canary is not None else None
        return (self.versions[self.current],) if canary is None else (self.versions[self.current], canary)

    @property
    def shadow(self) -> Served | None:
        """The version that is asked beside the one that answers."""
        return self.versions.get(self.routing.shadow) if self.routing.shadow is not None else None


class Runtime:
    """Holds models and runs them; safe to use from many threads.

    Args:
        threads: that one call may use.
        trusted_key: Ed25519 public key (PEM); with it, only artifacts that it signed are loaded.
        chance: draws from [0, 1), for canaries.
    """

    def __init__(
        self, *, threads: int = 1, trusted_key: str | None = None, chance: Callable[[], float] = random.random
    ) -> None:
        self._threads = threads
        self._trusted_key = trusted_key
        self._chance = chance
        self._lock = threading.Lock()
        # Replaced whole, never changed: a call that runs keeps the table it started with.
        self._lines: dict[str, Line] = {}
        self.before_serving: list[Callable[[Served], None]] = []
        """Each is asked before a version may answer, and raises ``ArtifactMismatch`` where it must not."""
        self.not_served: dict[str, str] = {}
        """Why a model that is there does not answer, by its name; whoever loads models keeps it."""
        self.after_run: list[AfterRun] = []
        """Each hears of every run on the call's own thread, so must be quick, and must not raise or change arrays."""
        self.shadows = Shadows()
        self._joined: WeakSet[Served] = WeakSet()
        self.share(cores(), nullcontext)

    def open(self, folder: Path) -> Served:
        """Check an artifact, try it on its self-test and make it ready to answer, without letting it.

        Raises:
            ArtifactMismatch: it is not what it claims, or its graph answers otherwise than in training.
            BadInput: there is no such folder.
        """
        served = open_served(folder, open_artifact(folder, self._trusted_key), threads=self._threads)
        for refuse in self.before_serving:
            refuse(served)
        if pays(served, load_rows(folder / SELF_TEST)):
            self._joined.add(served)
        return served

    def share(self, cores: int, lent: Callable[[], AbstractContextManager[None]]) -> None:
        """Let long runs take turns.

        Args:
            cores: as many at a time.
            lent: entered while a call waits for its turn, e.g. ``Lanes.lent``.
        """
        self._turns = Turns(cores, lent)
        self.batches = Batches(self._turns, lent)
        """Joins calls of models for which that pays."""

    def load(self, folder: Path) -> Manifest:
        """Check an artifact and serve it; the version loaded last answers where the caller names none.

        Raises:
            ArtifactMismatch: it is not what it claims; what was served before still is.
            BadInput: there is no such folder.
        """
        served = self.open(folder)
        name, version = served.manifest.name, served.manifest.version
        line = self._lines.get(name)
        versions = dict(line.versions) if line is not None else {}
        self.swap(name, Line(versions=versions | {version: served}, current=version))
        return served.manifest

    def swap(self, name: str, line: Line | None) -> None:
        """Let ``line`` answer for ``name`` from the next call on, at once; None: nobody answers any more.

        Calls that are under way end on the version that they began with.
        """
        with self._lock:
            others = {known: other for known, other in self._lines.items() if known != name}
            self._lines = others if line is None else others | {name: line}

    def lines(self) -> Mapping[str, Line]:
        """What answers, by the model's name."""
        return self._lines

    def models(self) -> tuple[Served, ...]:
        """Everything that is loaded, by name and version."""
        return tuple(line.versions[v] for _, line in sorted(self._lines.items()) for v in sorted(line.versions))

    def get(self, model: str, version: int | None = None, zone: str = "") -> Served:
        """The loaded model that answers.

        Args:
            model: its name.
            version: None leaves it to the routing.
            zone: of the city that the caller asks for; empty: none.

        Raises:
            UnknownName: no such model or version is loaded.
        """
        line = self._line(model)
        if version is None:
            return line.answering(zone, self._chance())
        if version not in line.versions:
            raise UnknownName.among(f"version of {model}", str(version), list(map(str, sorted(line.versions))))
        return line.versions[version]

    def find(self, model: str, version: str, zone: str = "") -> Served:
        """``get`` for a version as it is written on the wire; empty leaves it to the routing.

        Raises:
            UnknownName: no such model or version is loaded.
        """
        if not version:
            return self.get(model, zone=zone)
        line = self._line(model)
        for number, served in line.versions.items():
            if str(number) == version:
                return served
        raise UnknownName.among(f"version of {model}", version, list(map(str, sorted(line.versions))))

    def is_brief(self, model: str, version: str) -> bool:
        """Whether the runs of every version that ``find`` may give are brief; not so where there is none."""
        candidates = self._may_answer(model, version)
        return bool(candidates) and all(served.length.is_brief for served in candidates)

    def overload(self, model: str, version: str) -> Overloaded | None:
        """Why ``compute`` would refuse a call now, whichever version ``find`` may give; None: it might not."""
        refusal = None
        for served in self._may_answer(model, version):
            if not served.length.is_long:
                return None
            joined = served in self._joined
            refusal = self.batches.overload(served) if joined else self._turns.overload(served.length.run_s)
            if refusal is None:
                return None
        return refusal

    def _may_answer(self, model: str, version: str) -> tuple[Served, ...]:
        line = self._lines.get(model)
        if line is None:
            return ()
        if not version:
            return line.may_answer
        return tuple(served for number, served in line.versions.items() if str(number) == version)

    def _line(self, model: str) -> Line:
        lines = self._lines
        if model not in lines:
            raise UnknownName.among("model", model, list(lines))
        return lines[model]

    def run(self, model: str, inputs: Mapping[str, Array], version: int | None = None) -> Outputs:
        """Answer one call.

        Args:
            model: its name.
            inputs: an array for each input of the manifest, of its dtype and shape.
            version: None picks the one loaded last.

        Returns:
            An array for each output of the manifest, and which rows the fallback answered, with the reason.

        Raises:
            UnknownName: no such model or version is loaded.
            BadInput: an input is missing, unknown, of another dtype or shape, or not finite where the manifest
                refuses that; names it, with expected and got.
            ArtifactMismatch: the graph's answer is not of the shape that its manifest promises.
        """
        return self.infer(self.get(model, version), inputs)

    def infer(self, served: Served, inputs: Mapping[str, Array], call: Call = IN_PROCESS) -> Outputs:
        """``run`` on a version already at hand, so that one call never meets two.

        Raises:
            Overloaded: long runs wait for their turn already.
            TooLate: the call's deadline passed meanwhile.
        """
        return self.compute(served, inputs, check(served, inputs), call)

    def compute(self, served: Served, inputs: Mapping[str, Array], axes: Mapping[str, int], call: Call) -> Outputs:
        """``infer`` without a look at the inputs, which ``check`` passed with these ``axes``."""
        outputs = self._computed(served, inputs, axes, call)
        for hear in self.after_run:
            hear(served, inputs, outputs)
        line = self._lines.get(served.manifest.name)
        shadow = line.shadow if line is not None else None
        if shadow is not None and shadow is not served:
            pair = f"{served.label} against {shadow.label}"
            self.shadows.ask(pair, lambda inputs: compute(shadow, inputs, check(shadow, inputs)), inputs, outputs)
        return outputs

    def _computed(self, served: Served, inputs: Mapping[str, Array], axes: Mapping[str, int], call: Call) -> Outputs:
        if not served.length.is_long:
            return compute(served, inputs, axes)
        if served in self._joined:
            return self.batches.run(served, inputs, call)
        with self._turns.taken(served.length.run_s, call):
            return compute(served, inputs, axes)

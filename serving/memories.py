"""What the versions of one domain need beside their graphs: read once, and refused before they may answer."""

import threading
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from features.errors import ArtifactMismatch, BadInput
from features.manifest import TensorSpec, schema_sha256
from serving.asked import find
from serving.call import Call
from serving.runtime import Runtime
from serving.served import Served

T = TypeVar("T")
MEND = "Train the model again with this Haechi: graph, features and state must come from one training"


class Memories(Generic[T]):
    """Config and state of every version of a domain.

    Args:
        runtime: holds the models; one that is loaded later is held against ``read`` before it may answer.
        domain: whose models these are.
        read: makes what is remembered of a version.

    Raises:
        ArtifactMismatch: of ``read``, for a version that is loaded already.
    """

    def __init__(self, runtime: Runtime, domain: str, read: Callable[[Served], T]) -> None:
        self._runtime, self._domain, self._read = runtime, domain, read
        self._lock = threading.Lock()
        self._known: WeakKeyDictionary[Served, T] = WeakKeyDictionary()
        for served in runtime.models():
            self._remember(served)
        runtime.before_serving.append(self._remember)

    def find(self, model: str, version: str, call: Call) -> tuple[Served, T]:
        """The version that answers ``call``, and what is remembered of it; nothing is computed for nobody.

        Raises:
            BadInput: it is of another domain.
            HaechiError: as ``serving.asked.find`` and ``Call.refuse_if_over``.
        """
        served = find(self._runtime, model, version, call)
        if served.manifest.domain != self._domain:
            raise BadInput(
                cause=f"{served.label} is a model of the domain {served.manifest.domain}, not of {self._domain}",
                mend=f"Name a {self._domain} model, or ask the other domain's own service",
            )
        call.model = served.label
        call.refuse_if_over()
        return served, self._of(served)

    def _remember(self, served: Served) -> None:
        if served.manifest.domain == self._domain:
            self._of(served)

    def _of(self, served: Served) -> T:
        with self._lock:
            if served not in self._known:
                self._known[served] = self._read(served)
            return self._known[served]


def refuse_other_features(served: Served, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> None:
    """The graph must take what this Haechi's own ``build`` makes; else its answers would be quietly wrong.

    Args:
        served: whose manifest is held against them.
        inputs: that ``build`` makes.
        outputs: that the service reads.

    Raises:
        ArtifactMismatch: names the first tensor that differs.
    """
    manifest = served.manifest
    if schema_sha256(inputs, outputs) == manifest.feature_schema_sha256:
        return
    pairs = [*zip_longest(manifest.inputs, inputs), *zip_longest(manifest.outputs, outputs)]
    graph, built = next(
        (g, b) for g, b in pairs if g is None or b is None or schema_sha256([g], []) != schema_sha256([b], [])
    )
    raise ArtifactMismatch(
        cause=f"{served.label}: manifest.json: 'feature_schema_sha256' is of other features: the graph has "
        f"{_described(graph)}, this Haechi builds {_described(built)}",
        mend=MEND,
    )


def _described(spec: TensorSpec | None) -> str:
    return "nothing" if spec is None else f"{spec.name} {spec.dtype} {list(spec.shape)} in {spec.unit}"

"""The models of one process: loaded from artifacts, asked with arrays, answered with arrays. It knows no wire."""

import threading
from collections.abc import Mapping
from pathlib import Path

from features.artifact import open_artifact
from features.errors import UnknownName
from features.manifest import Manifest
from serving.outputs import Outputs
from serving.served import Served, infer, open_served
from serving.tensors import Array


class Runtime:
    """Holds models and runs them; safe to use from many threads.

    Args:
        threads: that one call may use.
        trusted_key: Ed25519 public key (PEM); with it, only artifacts that it signed are loaded.
    """

    def __init__(self, *, threads: int = 1, trusted_key: str | None = None) -> None:
        self._threads = threads
        self._trusted_key = trusted_key
        self._lock = threading.Lock()
        # Replaced whole, never changed: a call that runs keeps the table it started with.
        self._models: dict[str, dict[int, Served]] = {}

    def load(self, folder: Path) -> Manifest:
        """Check an artifact, try it on its self-test and serve it; the last one answers where the caller names none.

        Raises:
            ArtifactMismatch: it is not what it claims, or its graph answers otherwise than in training; what was
                served before still is.
            BadInput: there is no such folder.
        """
        manifest = open_artifact(folder, self._trusted_key)
        served = open_served(folder, manifest, threads=self._threads)
        with self._lock:
            older = {v: one for v, one in self._models.get(manifest.name, {}).items() if v != manifest.version}
            versions = older | {manifest.version: served}
            self._models = self._models | {manifest.name: versions}
        return manifest

    def models(self) -> tuple[Served, ...]:
        """Everything that is loaded, by name and version."""
        return tuple(versions[v] for _, versions in sorted(self._models.items()) for v in sorted(versions))

    def get(self, model: str, version: int | None = None) -> Served:
        """The loaded model that answers.

        Args:
            model: its name.
            version: None picks the one loaded last.

        Raises:
            UnknownName: no such model or version is loaded.
        """
        models = self._models
        if model not in models:
            raise UnknownName.among("model", model, list(models))
        versions = models[model]
        wanted = next(reversed(versions)) if version is None else version
        if wanted not in versions:
            raise UnknownName.among(f"version of {model}", str(wanted), [str(known) for known in sorted(versions)])
        return versions[wanted]

    def find(self, model: str, version: str) -> Served:
        """``get`` for a version as it is written on the wire; empty picks the one loaded last.

        Raises:
            UnknownName: no such model or version is loaded.
        """
        newest = self.get(model)
        if not version:
            return newest
        for served in self.models():
            if served.manifest.name == model and str(served.manifest.version) == version:
                return served
        known = [str(served.manifest.version) for served in self.models() if served.manifest.name == model]
        raise UnknownName.among(f"version of {model}", version, known)

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
        return infer(self.get(model, version), inputs)

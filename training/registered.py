"""The models of this home, opened and checked, for the commands that ask for them."""

from pathlib import Path
from typing import TYPE_CHECKING

from features import registry
from features.errors import BadInput
from features.settings import load

if TYPE_CHECKING:
    from features.manifest import Manifest


def artifacts() -> Path:
    """The folder of all models.

    Raises:
        BadInput: something else lies there.
    """
    home = load().home
    root = home / "artifacts"
    for place in (home, root):
        if place.exists() and not place.is_dir():
            raise BadInput(
                cause=f"{place} is no folder, so there are no models in it",
                mend="Point HAECHI_HOME at the folder that models were trained into",
            )
    return root


def opened(reference: str) -> "tuple[Path, Manifest]":
    """The folder of NAME, NAME@ALIAS or NAME/VERSION, and its manifest, every byte checked.

    Raises:
        UnknownName: there is none.
        ArtifactMismatch: it is not what it claims.
    """
    from features.artifact import open_artifact

    folder = registry.resolve(artifacts(), reference)
    return folder, open_artifact(folder, load().trusted_key)


def opened_of(domain: str, reference: str) -> "tuple[Path, Manifest]":
    """``opened``, of one domain alone.

    Raises:
        BadInput: it is a model of another.
    """
    folder, manifest = opened(reference)
    if manifest.domain != domain:
        raise BadInput(
            cause=f"{reference} is a model of {manifest.domain}, not of {domain}",
            mend=f"Run: haechi evaluate {manifest.domain} ..., or name a model of {domain} with --model",
        )
    return folder, manifest

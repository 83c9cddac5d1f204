"""Where a figure comes from: the commit of the code and the hash of the data."""

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from features.series import Panel
from features.tables.source import content, find


def git_commit() -> str | None:
    """The commit of this checkout, ``-dirty`` where it was changed since; None outside of one."""
    here = Path(__file__).resolve().parent

    def git(*words: str) -> str | None:
        command = ["git", "--no-optional-locks", "-C", str(here), *words]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    commit = git("rev-parse", "HEAD")
    if commit is None or git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None
    return f"{commit}-dirty" if git("status", "--porcelain", "--untracked-files=no") else commit


def data_sha256(panel: Panel) -> str:
    """The hash of what was measured, where and when; equal for equal measurements whatever file they came in."""
    digest = hashlib.sha256()
    digest.update(f"{panel.start.isoformat()} {panel.step_min} {panel.quantity}\n".encode())
    digest.update("\n".join(panel.entities).encode())
    digest.update(panel.values.tobytes())
    if panel.available_at is not None:
        digest.update(panel.available_at.tobytes())
    return digest.hexdigest()


def covariates_sha256(panel: Panel) -> dict[str, str]:
    """The hash of the covariates under that name; nothing where the panel has none."""
    covariates = panel.covariates
    if covariates is None:
        return {}
    digest = hashlib.sha256("\n".join(covariates.names).encode())
    for array in (covariates.time, covariates.available_at, covariates.values):
        digest.update(np.ascontiguousarray(array).tobytes())
    return {"covariates_sha256": digest.hexdigest()}


def is_simulated(paths: Sequence[Path]) -> bool:
    """Whether any of the files says in its Parquet metadata that it is simulated."""
    parquet = (file for file in find(paths) if content(file) == "parquet")
    return any(pl.read_parquet_metadata(file).get("simulated") == "true" for file in parquet)

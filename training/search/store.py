"""Where a study lives: one SQLite file, which a killed search leaves whole, and one search at a time on it."""

import fcntl
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.trial import TrialState

from features.errors import BadInput, StorageFailure

# A trial that was running each time the search was killed is perhaps why.
_KILLS = 3
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def study_file(home: Path, name: str) -> Path:
    """The file of a study.

    Raises:
        BadInput: ``name`` would be no file's name.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(
            cause=f"'{name}' is not a study's name",
            mend="Use up to 100 letters, digits, '.', '_' and '-', beginning with a letter or digit",
        )
    return home / "search" / f"{name}.db"


@contextmanager
def opened(path: Path, identity: Mapping[str, str]) -> Iterator[optuna.Study]:
    """The study in ``path``, begun where it is not there; trials that a killed search left running are queued again.

    Args:
        path: of its file.
        identity: what must be as it was when the study was begun.

    Raises:
        BadInput: the study was begun with something else; names it.
        StorageFailure: another search is at work on it, or the file is no study.
    """
    from sqlalchemy.exc import SQLAlchemyError

    for name in ("optuna", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(path):
        try:
            if not path.exists():
                _begin(path, identity)
            study = _load(path)
        except (SQLAlchemyError, KeyError, RuntimeError) as error:
            raise StorageFailure(
                cause=f"{path} does not open as a study: {str(error).splitlines()[0]}",
                mend="Move it away, or name another with --study",
            ) from None
        _compare(study, identity, path)
        requeue(study, killed=True)
        try:
            yield study
        except SQLAlchemyError as error:
            raise StorageFailure(
                cause=f"{path} did not take a trial: {str(error).splitlines()[0]}",
                mend="Make room on the disk of HAECHI_HOME and run the search again: it resumes",
            ) from None


def requeue(study: optuna.Study, *, killed: bool) -> None:
    """Count the trials left running as failed and queue their parameters; nobody else may be at work on the study."""
    for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        kills = int(left.user_attrs.get("kills", 0)) + killed
        if kills >= _KILLS:
            optuna.Trial(study, left._trial_id).set_user_attr("reason", f"the search was killed under it {kills} times")
            study.tell(left.number, state=TrialState.PRUNED)
            continue
        # First the new one: killed between the two, a trial is run twice and not lost.
        study.enqueue_trial(left.params, user_attrs={"kills": kills})
        study.tell(left.number, state=TrialState.FAIL)


def _begin(path: Path, identity: Mapping[str, str]) -> None:
    """All or nothing: killed amid its tables it would never open again."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    storage = optuna.storages.RDBStorage(f"sqlite:///{partial}")
    study = optuna.create_study(storage=storage, study_name="search", direction="minimize")
    for key, value in identity.items():
        study.set_user_attr(key, value)
    storage.remove_session()
    storage.engine.dispose()
    os.replace(partial, path)


def _load(path: Path) -> optuna.Study:
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    pruner = optuna.pruners.MedianPruner(n_startup_trials=5)
    return optuna.load_study(storage=storage, study_name="search", pruner=pruner)


def _compare(study: optuna.Study, identity: Mapping[str, str], path: Path) -> None:
    for key, value in identity.items():
        before = study.user_attrs.get(key)
        if before != value:
            said = f" ({before}; now {value})" if len(f"{before}{value}") < 100 else ""
            raise BadInput(
                cause=f"The study {path} was begun with another {key}{said}",
                mend=f"Give it as before, or begin another study: --study {path.stem}-2",
            )


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageFailure(
                cause=f"Another search is at work on {path}", mend="Wait for it, or begin another: --study NAME"
            ) from None
        yield

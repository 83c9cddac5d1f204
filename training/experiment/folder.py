"""Where an experiment lies: ``experiments/DOMAIN/DATE-QUESTION/``, with its files."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from features import DOMAINS
from features.errors import BadInput

RUN_FILE, RESULT, RECORD, PICTURES = "run.toml", "RESULT.md", "result.json", "pictures"
# What `compare` reads: here as well, since the artifact stays on the machine that trained.
ERRORS = "test_errors.parquet"

_DATED = re.compile(r"\d{4}-\d\d-\d\d-.+")
# Of a name of 255 bytes, which is what file systems take: three bytes a Hangul syllable, and the date before them.
_SLUG_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A folder with a run file.

    Attributes:
        folder: as the user named it.
        domain: whose models it trains; the folder's parent.
    """

    folder: Path
    domain: str

    @property
    def run_file(self) -> Path:
        """What is asked and trained."""
        return self.folder / RUN_FILE

    @property
    def shown(self) -> str:
        """The folder without the path of this machine: from the working folder on, else from the domain on."""
        whole, here = self.folder.resolve(), Path.cwd()
        return (whole.relative_to(here) if whole.is_relative_to(here) else Path(self.domain, whole.name)).as_posix()


def opened(folder: Path) -> Experiment:
    """The experiment in ``folder``.

    Raises:
        BadInput: it is none.
    """
    if not (folder / RUN_FILE).is_file():
        raise BadInput(
            cause=f"{folder} has no {RUN_FILE}",
            mend='Name the folder of an experiment, or begin one: haechi experiment new DOMAIN "QUESTION"',
        )
    domain = folder.resolve().parent.name
    if domain not in DOMAINS:
        raise BadInput(
            cause=f"{folder} does not lie in a domain's folder, so nobody knows whose model to train",
            mend=f"Move it to experiments/DOMAIN/{folder.resolve().name}; domains: {', '.join(DOMAINS)}",
        )
    return Experiment(folder=folder, domain=domain)


def under(root: Path) -> list[Experiment]:
    """Every experiment below ``root``, by domain and date."""
    found = (root / domain for domain in DOMAINS if (root / domain).is_dir())
    folders = (folder for domain in found for folder in sorted(domain.iterdir()) if _DATED.fullmatch(folder.name))
    return [opened(folder) for folder in folders if (folder / RUN_FILE).is_file()]


def place(root: Path, domain: str, day: date, question: str, slug: str | None) -> Path:
    """The folder of a new experiment, which is not there yet.

    Args:
        root: of all experiments.
        domain: whose model.
        day: that its name begins with.
        question: that its name ends in.
        slug: instead of the question's words, or None.

    Raises:
        BadInput: a folder of that name is there, or no name can be made.
    """
    name = slugged(question if slug is None else slug)
    if slug is not None and name != slug:
        raise BadInput(
            cause=f"--slug {slug} is no name: small letters, digits and '-' between them, {_SLUG_CHARACTERS} at most",
            mend=f"Take --slug {name}" if name else "Take e.g. --slug holidays",
        )
    if not name:
        raise BadInput(cause=f"The question {question!r} has no letter to name a folder by", mend="Name it with --slug")
    folder = root / domain / f"{day:%Y-%m-%d}-{name}"
    if folder.exists():
        raise BadInput(
            cause=f"{folder} is there already",
            mend=f"Run it again: haechi experiment run {folder}, or name another with --slug",
        )
    return folder


def slugged(text: str) -> str:
    """Words as a folder's name, in the letters that they were written in.

    >>> slugged("Do holidays need a profile of their own?")
    'do-holidays-need-a-profile-of-their-own'
    >>> slugged("공휴일은 따로 봐야 하나?")
    '공휴일은-따로-봐야-하나'
    """
    # Composed: some keyboards send Hangul letter by letter, and a folder has one name. Marks are parts of letters.
    whole = unicodedata.normalize("NFC", text.lower())
    kept = "".join(each if unicodedata.category(each)[0] in "LNM" else " " for each in whole).split()
    name = ""
    for word in kept:
        longer = f"{name}-{word}" if name else word[:_SLUG_CHARACTERS]
        if len(longer) > _SLUG_CHARACTERS:
            break
        name = longer
    return name

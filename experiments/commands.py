"""Commands of ``haechi``, what they say, and tables of it: what every benchmark prints from."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def haechi(*words: str) -> dict[str, Any]:
    """What a command says with ``--json``."""
    command = [str(Path(sys.executable).with_name("haechi")), *words, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own words
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def show(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows as a table of Markdown."""
    lines = [names, ("---",) * len(names), *rows]
    sys.stdout.write("\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\n")
    sys.stdout.flush()

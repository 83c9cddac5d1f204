"""Commands of ``haechi`` and what they say."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def haechi(*words: str) -> dict[str, Any]:
    """What a command says with ``--json``."""
    command = [str(Path(sys.executable).with_name("haechi")), *words, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own words
    found: dict[str, Any] = json.loads(done.stdout)
    return found

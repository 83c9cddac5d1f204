"""The hash of readings, equal for equal readings whatever files they came in."""

import hashlib
from collections.abc import Iterable

from features.disaster.measured import Measured


def data_sha256(measured: Measured, quantities: Iterable[str]) -> str:
    """The hash of what was measured of some quantities, where and when; those that are not there do not count."""
    digest = hashlib.sha256()
    digest.update(f"{measured.start.isoformat()} {measured.step_min}\n".encode())
    digest.update("\n".join(measured.entities).encode())
    for name in sorted(set(quantities) & set(measured.values)):
        digest.update(f"\n{name}\n".encode())
        digest.update(measured.values[name].tobytes())
        if name in measured.available_at:
            digest.update(measured.available_at[name].tobytes())
    return digest.hexdigest()

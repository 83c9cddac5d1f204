"""Whether a version may become the champion, and who was it before."""

from pathlib import Path

from features import registry
from features.artifact import open_artifact
from features.errors import BadInput, HaechiError
from training import losses
from training.compare import SEED, compare
from training.ledger_file import load_ledger
from training.publish import Why


def challenge(root: Path, name: str, version: int, trusted_key: str | None, *, forced: str | None) -> Why:
    """Compare a version with the champion, which it may replace where it errs less beyond chance.

    Args:
        root: of the registry.
        name: of the model.
        version: that is to be the champion.
        trusted_key: Ed25519 public key (PEM), or None.
        forced: why it is to be the champion whatever the comparison says; None lets the comparison decide.

    Raises:
        BadInput: it does not, or that cannot be told.
    """
    champion = registry.aliases(root, name).get(registry.CHAMPION)
    if champion not in registry.versions(root, name):
        return Why(how="first", reason=forced)
    if champion == version:
        return Why(how="promotion", reason=forced)
    is_better, says = _compared(root / name / str(version), root / name / str(champion), trusted_key)
    if not is_better and forced is None:
        raise BadInput(
            cause=f"{name}/{version} does not replace the champion {name}/{champion}: {says}",
            mend=f"To promote it all the same: haechi models promote {name}/{version} --force --reason TEXT",
        )
    return Why(how="promotion" if forced is None else "forced", reason=forced, comparison=says)


def champion_before(root: Path, name: str) -> int | None:
    """The version that was the champion before this one, further back with every rollback; None where none was."""
    now, there = registry.aliases(root, name).get(registry.CHAMPION), registry.versions(root, name)
    line: list[int] = []
    for record in registry.promotions(root, name):
        # Without one before, what was recorded earlier was deleted or never came to pass.
        if record.get("from") is None:
            line.clear()
        elif not line:
            line.append(record["from"])
        if record.get("how") == "rollback" and record["to"] in line:
            while line[-1] != record["to"]:
                line.pop()
        elif not line or line[-1] != record["to"]:
            line.append(record["to"])
    if not line or line[-1] != now:
        # Of a home older than the record.
        before = registry.aliases(root, name).get(registry.PREVIOUS)
        return before if before in there else None
    return next((version for version in reversed(line) if version != now and version in there), None)


def _compared(folder: Path, champion: Path, trusted_key: str | None) -> tuple[bool, str]:
    names = (f"{folder.parent.name}/{folder.name}", f"{champion.parent.name}/{champion.name}")
    try:
        open_artifact(champion, trusted_key)
        # What forecasts probabilities keeps what they lost, what forecasts a quantity its errors.
        if (folder / losses.TEST_LOSSES).is_file():
            verdict, says = losses.compare(losses.load(folder), losses.load(champion), names, seed=SEED)
            return verdict == "a", says
        found = compare(load_ledger(folder), load_ledger(champion), seed=SEED)
    except HaechiError as error:
        return False, f"they could not be compared: {error.cause}"
    return found.verdict == "a", found.sentence(*names)

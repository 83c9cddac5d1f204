"""How many cores this process may keep busy: those that it may run on, within the share that a container grants."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_MEMBERSHIP, _HIERARCHIES = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def cores(membership: Path = _MEMBERSHIP, hierarchies: Path = _HIERARCHIES) -> int:
    """Whole cores: at least 1, at most those of the process's affinity.

    A quota is rounded down: what is left of a core goes to the network, and a run more than fits would only be
    stopped in its middle.

    Args:
        membership: which control groups the process is in, as ``proc_pid_cgroup(5)`` writes it.
        hierarchies: where control groups are mounted, of version 2 or 1.
    """
    granted = [quota for folder in _groups(membership, hierarchies) for quota in _quotas(folder)]
    return max(1, min([len(os.sched_getaffinity(0)), *map(int, granted)]))


def _groups(membership: Path, hierarchies: Path) -> Iterator[Path]:
    """The folders of every group whose quota binds this process: its own and all above."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        # No such thing outside Linux.
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mounts = [hierarchies / "cpu", hierarchies / "cpu,cpuacct"] if controllers else [hierarchies]
        # In a container the path may be the host's, of which only the top is mounted.
        own = PurePosixPath(path.lstrip("/"))
        yield from (mount / part for mount in mounts for part in (own, *own.parents))


def _quotas(group: Path) -> Iterator[float]:
    """The cores that a group grants; nothing where it grants all."""
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota = (group / "cpu.cfs_quota_us").read_text(encoding="ascii").strip()
            period = (group / "cpu.cfs_period_us").read_text(encoding="ascii")
    except OSError:
        # The top has none, and what is not mounted binds nobody that could read it.
        return
    if quota not in ("max", "-1"):
        yield int(quota) / int(period)

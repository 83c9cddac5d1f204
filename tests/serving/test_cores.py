"""A process counts the cores that it is granted, not those of the machine."""

import os
from pathlib import Path

import pytest

from serving.cores import cores

ALL = len(os.sched_getaffinity(0))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


@pytest.mark.parametrize(
    ("membership", "files", "granted"),
    [
        pytest.param("0::/", {"cpu.max": "100000 100000\n"}, 1, id="a container of one core"),
        pytest.param("0::/", {"cpu.max": "190000 100000\n"}, 1, id="rounded down"),
        pytest.param("0::/", {"cpu.max": "10000 100000\n"}, 1, id="never under one"),
        pytest.param("0::/", {"cpu.max": "max 100000\n"}, ALL, id="no quota"),
        pytest.param("0::/", {"cpu.max": "99900000 100000\n"}, ALL, id="more than there are"),
        pytest.param("0::/", {}, ALL, id="the top of the machine"),
        pytest.param(
            "0::/a.slice/b.service",
            {"a.slice/cpu.max": "100000 100000\n", "a.slice/b.service/cpu.max": "max 100000\n"},
            1,
            id="a group above binds",
        ),
        pytest.param("0::/not/mounted/here", {"cpu.max": "100000 100000\n"}, 1, id="the path is the host's"),
        pytest.param(
            "3:cpu,cpuacct:/x\n1:name=systemd:/x\n0::/",
            {"cpu,cpuacct/x/cpu.cfs_quota_us": "100000\n", "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n"},
            1,
            id="version 1",
        ),
        pytest.param(
            "1:cpu:/\n0::/",
            {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
            ALL,
            id="version 1, no quota",
        ),
        pytest.param(
            "3:cpuset:/x\n0::/",
            {"cpu/x/cpu.cfs_quota_us": "100000\n", "cpu/x/cpu.cfs_period_us": "100000\n"},
            ALL,
            id="another controller's group",
        ),
    ],
)
def test_a_quota_is_counted_in_whole_cores(
    tmp_path: Path, membership: str, files: dict[str, str], granted: int
) -> None:
    write(tmp_path / "cgroup", membership)
    for name, text in files.items():
        write(tmp_path / "fs" / name, text)

    assert cores(tmp_path / "cgroup", tmp_path / "fs") == granted


def test_without_control_groups_it_is_the_affinity(tmp_path: Path) -> None:
    assert cores(tmp_path / "cgroup", tmp_path / "fs") == ALL


def test_this_process_is_granted_some() -> None:
    assert 1 <= cores() <= ALL

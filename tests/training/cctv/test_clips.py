"""Which clips are learned from: those that nobody annotated."""

import pytest

from features.errors import BadInput
from training.cctv.clips import camera_of, clips_in


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_clips_are_found_below_and_annotated_ones_left(tmp_path, capsys):
    touch(tmp_path, "b/2_x.mp4", "1_x.AVI", "3_x.mp4", "3_x.zip", "4_x.mp4", "4_x.xml", "notes.txt")

    assert [path.name for path in clips_in((tmp_path,))] == ["1_x.AVI", "2_x.mp4"]
    assert "2 annotated clips are left to be judged by" in capsys.readouterr().err


def test_a_clip_by_itself(tmp_path):
    touch(tmp_path, "1_x.mp4", "2_x.mp4")

    assert clips_in((tmp_path / "2_x.mp4",)) == [tmp_path / "2_x.mp4"]


def test_none_is_an_error(tmp_path):
    touch(tmp_path, "3_x.mp4", "3_x.zip")

    with pytest.raises(BadInput, match="No clip to learn from") as refused:
        clips_in((tmp_path,))
    assert "without annotations" in refused.value.mend


def test_a_clip_is_of_the_camera_that_its_name_begins_with(tmp_path):
    assert camera_of(tmp_path / "815_201707211414.mp4") == "815"

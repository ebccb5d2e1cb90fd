"""The folders of runs: new ones, and what stands in their place."""
import os

import pytest
from helpers_cli import (RUN, SMALL, assert_one_sentence, call, contents, forbid_writing)

from numpyvae import files
from numpyvae.cli.folders import new_folder, run_folder, unused


def test_an_empty_folder_will_do(work, undrawn, capsys):
    (work / "empty").mkdir()
    assert call(capsys, "train", *SMALL, "--out", "empty")[0] == 0
    assert sorted(os.listdir("empty")) == ["history.csv", "model.npz"]


def test_a_first_save_that_was_killed_leaves_room_for_a_new_start(work, undrawn, capsys):
    (work / "new").mkdir()
    (work / "new" / "model.npz.12.tmp").write_bytes(b"half")
    (work / "new" / "mine.txt").write_bytes(b"precious")         # so that nothing may be swept
    status, _, err = call(capsys, "train", *SMALL, "--out", "new")
    assert_one_sentence(status, err, "expected a new or an empty folder")
    assert files.stale("new") == ["model.npz.12.tmp"]
    (work / "new" / "mine.txt").unlink()
    assert call(capsys, "train", *SMALL, "--out", "new")[0] == 0
    assert sorted(os.listdir("new")) == ["history.csv", "model.npz"]


def test_the_next_unused_name_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [new_folder(None, "faces")[0] for _ in range(3)]
    assert names == [os.path.join("runs", name) for name in ("faces", "faces-2", "faces-3")]
    assert all(os.path.isdir(name) for name in names)
    (tmp_path / "a.png").write_bytes(b"")
    assert unused("a", ".png") == "a-2.png" and unused("a") == "a"


def test_a_name_that_another_run_takes_meanwhile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    makedirs = os.makedirs

    def too_late(path):
        monkeypatch.setattr(os, "makedirs", makedirs)
        makedirs(path)
        raise FileExistsError(17, "File exists", path)
    monkeypatch.setattr(os, "makedirs", too_late)
    assert new_folder(None, "digits")[0] == os.path.join("runs", "digits-2")


def test_the_folder_of_a_run_is_known_by_its_checkpoint(work):
    assert run_folder(RUN) == RUN
    for other in ("runs", "missing", os.path.join(RUN, "model.npz")):
        with pytest.raises(ValueError, match="expected the folder of a run, with its model.npz"):
            run_folder(other)


@pytest.mark.parametrize("build", [lambda: open("runs", "w").close(),
                                   lambda: os.symlink("nowhere", "runs")], ids=["file", "link"])
def test_something_else_is_called_runs(tmp_path, monkeypatch, capsys, build):
    monkeypatch.chdir(tmp_path)
    try:
        build()
    except OSError:
        pytest.skip("no links here")
    status, out, err = call(capsys, "train", *SMALL)
    assert_one_sentence(status, err, "runs")
    assert out == "" and os.listdir(tmp_path) == ["runs"]


def test_a_folder_that_may_not_be_made(work, capsys, monkeypatch):
    def forbidden(path, *rest, **options):
        raise PermissionError(13, "Permission denied", str(path))
    before = contents(work)
    monkeypatch.setattr(os, "makedirs", forbidden)
    status, _, err = call(capsys, "train", *SMALL, "--out", "new")
    assert_one_sentence(status, err, "new", "Permission denied")
    assert contents(work) == before


def test_a_folder_that_may_not_be_written(work, capsys, monkeypatch):
    (work / "locked").mkdir()
    before = contents(work)
    forbid_writing(monkeypatch, "files")
    status, _, err = call(capsys, "train", *SMALL, "--out", "locked")
    assert_one_sentence(status, err, os.path.join("locked", "model.npz: Permission denied"))
    assert ".tmp" not in err                                     # a name that the user never gave
    assert contents(work) == before

"""The folders of runs: new ones, and what stands in their place."""
import os

import pytest
from helpers_cli import (RUN, SMALL, assert_one_sentence, call, contents, forbid_writing, posix)

from numpyvae import files
from numpyvae.cli.folders import new_folder, run_folder, unused
from numpyvae.locks import FILE, Lock
from numpyvae.runs import SavedRun


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


def test_a_folder_that_another_run_fills_meanwhile(work, undrawn, capsys, monkeypatch):
    """Both found it empty: the second is told, whether or not there are locks."""
    def another_is_faster(lock, folder):
        init(lock, folder)
        (work / folder / "model.npz").write_bytes(b"another's")
    init = Lock.__init__
    with monkeypatch.context() as patch:
        patch.setattr(Lock, "__init__", another_is_faster)
        status, _, err = call(capsys, "train", *SMALL, "--out", "same")
    assert_one_sentence(status, err, "--out same: already holds a model.npz")
    assert contents(work / "same") == {"model.npz": b"another's"}
    with Lock("same"):                                           # it was released
        pass

    def just_before_the_first_save(saved, new):
        (work / saved.folder / "model.npz").write_bytes(b"another's")
        save(saved, new)
    save = SavedRun.save
    monkeypatch.setattr(SavedRun, "save", just_before_the_first_save)
    status, _, err = call(capsys, "train", *SMALL, "--out", "other")
    assert_one_sentence(status, err, "--out other: already holds a model.npz")
    assert contents(work / "other") == {"model.npz": b"another's"}


def test_a_folder_that_is_another_process_s(work, undrawn, capsys):
    (work / "same").mkdir()
    with Lock("same"):
        status, out, err = call(capsys, "train", *SMALL, "--out", "same")
        assert_one_sentence(status, err, "same: another process is working on it")
    assert out == "" and os.listdir("same") == []


def test_a_new_name_that_another_run_s_out_names_is_left_to_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    makedirs, held = os.makedirs, []

    def claimed(folder, **options):
        makedirs(folder, **options)
        if not held and folder.endswith("digits"):
            held.append(Lock(folder))
    monkeypatch.setattr(os, "makedirs", claimed)
    folder, lock = new_folder(None, "digits")
    assert folder == os.path.join("runs", "digits-2")
    held[0].release()
    lock.release()


def test_a_lock_s_own_file_is_nothing(tmp_path, monkeypatch):
    """There is one under Windows."""
    monkeypatch.chdir(tmp_path)
    os.mkdir("empty")
    open(os.path.join("empty", FILE), "w").close()
    folder, lock = new_folder("empty", "digits")
    assert folder == "empty"
    lock.release()


@posix
@pytest.mark.parametrize("out, words", [("x/" * 2000, "too long"), ("x" * 300, "too long"),
                                        ("loop", "symbolic links"), ("link", "in its place")])
def test_a_folder_that_cannot_be(work, capsys, out, words):
    os.symlink("loop", "loop")
    os.symlink("nowhere", "link")
    before = contents(work)
    status, _, err = call(capsys, "train", *SMALL, "--out", out)
    assert_one_sentence(status, err, words)
    assert contents(work) == before


def test_a_run_that_may_not_be_looked_at(work, capsys, monkeypatch):
    stat = os.stat

    def forbidden(path, **options):
        if str(path).endswith("model.npz"):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)
    monkeypatch.setattr(os, "stat", forbidden)
    for command in (("show", RUN), ("sample", RUN), ("explore", RUN), ("export", RUN, "new.npz"),
                    ("train", "--resume", RUN)):
        status, _, err = call(capsys, *command)
        assert_one_sentence(status, err, os.path.join(RUN, "model.npz") + ": Permission denied\n")


@posix
def test_a_checkpoint_that_is_no_file_is_none(work, capsys):
    os.remove(os.path.join(RUN, "model.npz"))
    os.mkfifo(os.path.join(RUN, "model.npz"))
    for command in (("show", RUN), ("train", "--resume", RUN)):  # and nobody waits for a writer
        status, _, err = call(capsys, *command)
        assert_one_sentence(status, err, "expected the folder of a run")


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

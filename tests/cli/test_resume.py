"""`numpyvae train --resume`: as if it had never stopped, however it was stopped; and elsewhere."""
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from helpers_cli import (ENV, PICTURES, RUN, SMALL, UNDRAWN, assert_one_sentence, call, child,
                         contents, posix)

from numpyvae import checkpoint, cli, datasets
from numpyvae.cli.words import this_program
from numpyvae.locks import Lock
from numpyvae.runs import SavedRun
from numpyvae.training import Run


def test_resume_goes_on_exactly(work, undrawn, capsys):
    assert call(capsys, "train", *SMALL, "--epochs", "4", "--out", "whole")[0] == 0
    status, _, err = call(capsys, "train", "--resume", RUN, "--epochs", "4", "--lr", "2e-3",
                          "--hidden-dim", "16", "--out", os.path.join(".", RUN))
    assert (status, err) == (0, "")
    for name in ("model.npz", "history.csv"):
        assert (work / RUN / name).read_bytes() == (work / "whole" / name).read_bytes()
    assert sorted(os.listdir(RUN)) == sorted(["model.npz", "history.csv", *PICTURES])


def test_a_finished_run_is_left_as_it_is(work, undrawn, capsys):
    before = contents(work)
    (work / RUN / "history.csv").unlink()                        # as a kill between the two files
    status, out, err = call(capsys, "train", "--resume", RUN)
    assert (status, err) == (0, "") and "Nothing to do" in out and "raise --epochs" in out
    assert contents(work) == before


# ---------------------------------------------------------------------- Ctrl-C

INTERRUPT_ITSELF = """
minibatches, epochs = training.minibatches, []
def interrupted(*args):
    epochs.append(1)
    for i, batch in enumerate(minibatches(*args)):
        if len(epochs) == 2 and i == 5:
            signal.raise_signal(signal.SIGINT)
        yield batch
signal.signal(signal.SIGINT, signal.default_int_handler)
training.minibatches = interrupted
"""


def test_what_ctrl_c_interrupts_can_be_taken_up_as_if_it_had_not(home, tmp_path):
    """The run is interrupted in another process, without its pictures: those are drawn from what is
    saved.
    """
    command = child(INTERRUPT_ITSELF, "train", *SMALL)
    done = subprocess.run(command, cwd=tmp_path, env=ENV, capture_output=True, text=True)
    assert done.returncode == 130 and done.stderr.count("\n") == 1
    assert "stopped in epoch 2" in done.stderr and "after epoch 1" in done.stderr
    assert sorted(os.listdir(tmp_path / RUN)) == ["history.csv", "model.npz"]
    told, = re.findall(r"numpyvae (train --resume .*)$", done.stderr, re.MULTILINE)
    again = subprocess.run(child(UNDRAWN, *told.split()), cwd=tmp_path, env=ENV,
                           capture_output=True, text=True)
    assert (again.returncode, again.stderr) == (0, "")
    for name, content in contents(tmp_path / RUN).items():
        assert content == (home / RUN / name).read_bytes()


@posix
def test_ctrl_c_at_any_time(tmp_path):
    command = [sys.executable, "-m", "numpyvae", "train", *SMALL, "--epochs", "1000000"]
    # A background job of a shell starts with SIGINT ignored, and its children inherit that.
    process = subprocess.Popen(command, cwd=tmp_path, env=ENV, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        while not process.stdout.readline().startswith("      1 |"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and err.count("\n") == 1
    assert f"python -m numpyvae train --resume {RUN}\n" in err
    assert sorted(os.listdir(tmp_path / RUN)) == ["history.csv", "model.npz"]

    data  = datasets.load("digits")
    kept  = SavedRun.load(tmp_path / RUN, data.x_train, data.x_test).run
    whole = Run(data.x_train, data.x_test, **{**kept.options, "epochs": len(kept.history)})
    whole.train()
    assert len(kept.history) > 0 and np.array_equal(kept.history, whole.history)
    assert all(np.array_equal(kept.model.params[name], whole.model.params[name])
               for name in kept.model.params)


def test_how_to_go_on_can_be_typed(work, capsys, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt
    monkeypatch.setattr("numpyvae.training.minibatches", interrupt)
    status, out, err = call(capsys, "train", *SMALL, "--out", "my first run")
    assert status == 130 and err.count("\n") == 1 and "after epoch 0" in err
    told, = re.findall(r"numpyvae (train --resume .*)$", err, re.MULTILINE)
    assert shlex.split(told) == ["train", "--resume", "my first run"]


def test_ctrl_c_in_the_middle_of_a_save_leaves_the_run_whole(work, capsys, monkeypatch):
    """In the very moment in which a file would take its place."""
    before = (work / RUN / "model.npz").read_bytes()

    def replace(*args):
        raise KeyboardInterrupt
    monkeypatch.setattr("os.replace", replace)
    monkeypatch.setattr("numpyvae.runs.SavedRun.save_history", lambda self: None)
    monkeypatch.setattr("numpyvae.cli.pictures.draw", lambda *args: None)
    status, _, err = call(capsys, "train", "--resume", RUN, "--epochs", "3")
    assert status == 130 and "keeps the state after epoch 2; resume it with" in err
    assert err.count("\n") == 1 and (work / RUN / "model.npz").read_bytes() == before


# ---------------------------------------------------------------------- two processes

def test_a_run_that_is_another_process_s(work, drawn, capsys):
    before = contents(work)
    with Lock(RUN):
        for argv in (("--resume", RUN), ("--resume", RUN, "--epochs", "3")):
            status, out, err = call(capsys, "train", *argv)
            assert_one_sentence(status, err, f"{RUN}: another process is working on it")
            assert out == "" and contents(work) == before
        for command in (("show", RUN), ("sample", RUN, "-n", "1"), ("export", RUN, "torch.npz")):
            status, _, err = call(capsys, *command)
            assert (status, err) == (0, "")                      # who reads takes no lock
    assert call(capsys, "train", "--resume", RUN)[0] == 0
    with Lock(RUN):                                              # and it has let go of it
        pass


def test_a_run_that_another_process_finished_meanwhile(work, undrawn, capsys, monkeypatch):
    """Where there are no locks, one may be suspended, resumed elsewhere, and then continued."""
    monkeypatch.setattr("numpyvae.locks.try_lock", lambda descriptor: None)
    train, finished = Run.train, []

    def suspended(run, on_batch, on_epoch):
        def first_another_finishes_it():
            monkeypatch.setattr(Run, "train", train)
            finished.append(cli.main(["train", "--resume", RUN, "--epochs", "5"]))
            finished.append(contents(work))
            on_epoch()
        train(run, on_batch, first_another_finishes_it)
    monkeypatch.setattr(Run, "train", suspended)
    status, _, err = call(capsys, "train", "--resume", RUN, "--epochs", "4")
    assert_one_sentence(status, err, os.path.join(RUN, "model.npz"), "another process has gone on")
    assert finished == [0, contents(work)]
    assert (work / RUN / "history.csv").read_text().count("\n") == 6


# ---------------------------------------------------------------------- a disk full, or gone

def test_a_disk_that_fills_up_while_it_is_trained(work, undrawn, capsys, monkeypatch):
    fsync, left = os.fsync, [9]

    def full(descriptor):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        fsync(descriptor)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        status, _, err = call(capsys, "train", "--resume", RUN, "--epochs", "9")
    kept, = re.findall(r"keeps the state after epoch (\d)", err)
    assert_one_sentence(status, err, f": No space left on device; {RUN} keeps",
                        f"resume it with: {this_program()} train --resume {RUN}\n")
    assert len(checkpoint.load(os.path.join(RUN, "model.npz"))[0]["history"]) == int(kept) > 2
    assert call(capsys, "train", "--resume", RUN)[0] == 0


def test_a_disk_that_fills_up_while_the_pictures_are_drawn(work, capsys, monkeypatch):
    def full(*args, **options):
        raise OSError(28, "No space left on device", "loss.png")
    monkeypatch.setattr("numpyvae.plots.save", full)
    status, _, err = call(capsys, "train", "--resume", RUN)
    assert_one_sentence(status, err, "loss.png: No space left on device; the run itself is whole",
                        f"show {RUN}\n")


@posix
@pytest.mark.parametrize("move", [shutil.rmtree, lambda folder: os.rename(folder, "moved")])
def test_a_folder_that_is_moved_while_it_is_trained(work, undrawn, capsys, monkeypatch, move):
    train = Run.train

    def moved(run, on_batch, on_epoch):
        move(RUN)
        train(run, on_batch, on_epoch)
    monkeypatch.setattr(Run, "train", moved)
    status, _, err = call(capsys, "train", "--resume", RUN, "--epochs", "3")
    assert_one_sentence(status, err, os.path.join(RUN, "model.npz"), "was moved or removed")
    assert "resume" not in err and not os.path.exists(RUN)


# ---------------------------------------------------------------------- a kill

LEFT = ["model.npz.1.tmp", "history.csv.2-0123456789abcdef.tmp", "loss.png.3.tmp"]


def test_leftovers_of_a_kill_are_swept_when_the_run_goes_on(work, drawn, capsys):
    for name in LEFT:
        (work / RUN / name).write_bytes(b"half")
    assert call(capsys, "train", "--resume", RUN)[0] == 0
    assert not any((work / RUN / name).exists() for name in LEFT) and set(drawn) == set(PICTURES)


@pytest.mark.parametrize("command", [("show", RUN), ("sample", RUN, "-n", "1"),
                                     ("export", RUN, os.path.join(RUN, "torch.npz"))])
def test_who_reads_a_run_sweeps_nothing_of_its_writer_s(work, drawn, capsys, command):
    for name in LEFT[:2]:
        (work / RUN / name).write_bytes(b"half")
    assert call(capsys, *command)[0] == 0
    assert all((work / RUN / name).exists() for name in LEFT[:2])


def test_leftovers_are_swept_where_a_link_leads_to(work, undrawn, capsys):
    (work / "disk").mkdir()
    try:
        os.symlink(work / "disk" / "my-model.npz", work / "link")
    except OSError:
        pytest.skip("no links here")
    os.rename(work / RUN / "model.npz", work / "disk" / "my-model.npz")
    os.rename(work / "link", work / RUN / "model.npz")
    for name in ("my-model.npz.1.tmp", "another.npz.1.tmp"):
        (work / "disk" / name).write_bytes(b"half")
    assert call(capsys, "train", "--resume", RUN, "--epochs", "3")[0] == 0
    assert (work / RUN / "model.npz").is_symlink()
    assert sorted(os.listdir("disk")) == ["another.npz.1.tmp", "my-model.npz"]


@pytest.mark.parametrize("command", [("show", "other"), ("train", "--resume", "other"),
                                     ("sample", "other")])
def test_a_folder_that_holds_no_run_is_not_swept(work, capsys, command):
    (work / "other").mkdir()
    for name in ("model.npz", "model.npz.1.tmp", "notes.tmp"):
        (work / "other" / name).write_bytes(b"somebody else's")
    before = contents(work)
    status, _, err = call(capsys, *command)
    assert_one_sentence(status, err, "other")
    assert contents(work) == before


# ---------------------------------------------------------------------- elsewhere

def changed(folder, change):
    """Change what the checkpoint in `folder` says of its run."""
    path = folder / "model.npz"
    arrays, description = checkpoint.load(path)
    change(description["run"])
    del description["format"], description["arrays"]
    checkpoint.save(path, arrays, description)


@pytest.mark.parametrize("change, words", [
    (lambda run: None, ""),
    (lambda run: run.pop("environment"), ""),                    # of before it was recorded
    (lambda run: run["environment"].update(NumPy="1.0"), "NumPy (was 1.0, is ")])
def test_a_resume_elsewhere_says_so_in_one_sentence(work, undrawn, capsys, change, words):
    changed(work / RUN, change)
    status, out, err = call(capsys, "train", "--resume", RUN)
    assert (status, err) == (0, "") and "Nothing to do" in out and "may differ" not in out
    status, out, err = call(capsys, "train", "--resume", RUN, "--epochs", "3")
    assert (status, err) == (0, "")
    told = [line for line in out.splitlines() if "may differ" in line]
    assert len(told) == bool(words) and all(words in line for line in told)

"""Runs that are opened again: data that were moved, changed or lost, and runs that are damaged."""
import os
import shutil

import numpy as np
import pytest
from helpers_cli import (FOUR, GREY, RUN, SMALL, assert_one_sentence, assert_same, call, contents)
from helpers_files import write_set

from numpyvae import VAE, checkpoint
from numpyvae.datasets.idx import FILES
from numpyvae.runs import SavedRun
from numpyvae.training import Run

# What is moved, and where to: the options of its run, the old name and the new, the option that
# says where it is now, and what its run is called.
MOVED = {"file":   (("--data", "own.npz"), "own.npz", "moved.npz", "--data", "own"),
         "folder": (("--data", "idx", "--data-dir", "set"), "set", "moved", "--data-dir", "set")}


@pytest.mark.parametrize("kind", MOVED)
def test_a_run_goes_on_from_another_folder_and_with_data_that_were_moved(
        own, undrawn, capsys, monkeypatch, kind):
    place, old, new, flag, title = MOVED[kind]
    assert call(capsys, "train", *SMALL, "--epochs", "6", *place, "--out", "whole")[0] == 0
    assert call(capsys, "train", *SMALL, *place)[0] == 0
    (own / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    run = os.path.join(os.pardir, "runs", title)
    status, out, err = call(capsys, "train", "--resume", run, "--epochs", "4")
    assert (status, err) == (0, "") and f" learns {title} from " in out

    os.rename(own / old, new)                                    # into the folder that we are in
    before = contents(own)
    for command in (("show", run), ("train", "--resume", run, "--epochs", "6")):
        status, out, err = call(capsys, *command)
        assert_one_sentence(status, err, str(own / old), "cannot be loaded")
        assert kind == "folder" or "say where they are now with --data or --data-dir" in err
        assert out == "" and contents(own) == before
    assert call(capsys, "show", run, flag, new)[0] == 0
    assert contents(own) == before                               # looking changes nothing
    for command in (("train", "--resume", run, "--epochs", "6", flag, new), ("show", run)):
        status, out, err = call(capsys, *command)
        assert (status, err) == (0, "")                          # and training remembers it
    assert " learns moved from " in call(capsys, "train", "--resume", run)[1]

    whole, found = own / "whole", own / "runs" / title
    assert (found / "history.csv").read_bytes() == (whole / "history.csv").read_bytes()
    expected, wanted = checkpoint.load(whole / "model.npz")
    arrays, description = checkpoint.load(found / "model.npz")
    assert_same(arrays, expected)
    wanted["run"]["options"][flag.strip("-").replace("-", "_")] = str(own / "elsewhere" / new)
    assert description.pop("checksum") != wanted.pop("checksum")
    assert description == wanted


@pytest.mark.parametrize("kind", MOVED)
def test_a_run_is_refused_other_data_than_it_learned_from(own, undrawn, capsys, kind):
    place, old, new, flag, title = MOVED[kind]
    assert call(capsys, "train", *SMALL, *place)[0] == 0
    run, changed = os.path.join("runs", title), GREY.copy()
    changed[7, 0, 0] ^= 1
    np.savez("other.npz", x=changed)
    write_set(own / "other", FILES, (changed[:30], *FOUR[1:]))
    for place in ((flag, "other" + old[3:]), ()):
        before = contents(own)
        for command in (("show", run), ("train", "--resume", run, "--epochs", "3")):
            status, out, err = call(capsys, *command, *place)
            assert_one_sentence(status, err, run, "not the ones it was trained on")
            assert out == "" and contents(own) == before
        # And now they are changed where they lie.
        shutil.copy("other.npz", "own.npz")
        write_set(own / "set", FILES, (changed[:30], *FOUR[1:]))


def test_only_a_file_can_be_moved(own, work, capsys, undrawn):
    assert call(capsys, "train", *SMALL, "--data", "own.npz")[0] == 0
    before = contents(work)
    for run, data in ((RUN, "own.npz"), (RUN, "faces"), (os.path.join("runs", "own"), "digits")):
        status, out, err = call(capsys, "show", run, "--data", data)
        assert_one_sentence(status, err, "--data", data, run, "omit --data")
        assert out == "" and contents(work) == before
    assert call(capsys, "show", RUN, "--data", "digits")[0] == 0         # what it has anyway


@pytest.mark.parametrize("kind", MOVED)
def test_samples_and_an_export_need_no_data(own, drawn, capsys, kind):
    place, old, _, _, title = MOVED[kind]
    assert call(capsys, "train", *SMALL, *place)[0] == 0
    os.rename(old, "gone")
    run = os.path.join("runs", title)
    drawn.clear()
    assert call(capsys, "sample", run, "-n", "2")[0] == 0 and list(drawn) == ["sample.png"]
    assert call(capsys, "export", run, "own-torch.npz")[0] == 0


# ---------------------------------------------------------------------- damaged and foreign runs

def a_text(path):
    path.write_text("loss,recon,kl\n")


def cut_short(path):
    path.write_bytes(path.read_bytes()[:5000])


def a_bit_flipped(path):
    content = bytearray(path.read_bytes())
    content[content.index(b"W1.npy") + 300] ^= 1     # among its numbers: headers are stored twice
    path.write_bytes(content)


def a_network_alone(path):
    VAE.load(path).save(path)


def a_run_on(data, path):
    """Save a run of the library's, on images that are not what `data` says."""
    rng = np.random.default_rng(0)
    run = Run(rng.random((9, 64)), rng.random((4, 64)), hidden_dim=4, latent_dim=2)
    SavedRun(run, path.parent, data).save()


def other_images(path):
    a_run_on("digits", path)


def unknown_data(path):
    a_run_on("mine", path)


def impossible_data(path):
    a_run_on("\0.npz", path)


def another_archive(path):
    np.savez(path, W1=np.ones((64, 16)))


def empty(path):
    path.write_bytes(b"")


def a_folder(path):
    path.unlink()
    path.mkdir()


DAMAGES = [(a_text, "checkpoint"), (cut_short, "checkpoint"), (a_bit_flipped, "checkpoint"),
           (a_network_alone, "a training run"), (another_archive, "checkpoint"),
           (empty, "checkpoint"), (a_folder, "model.npz")]
WRONG_DATA = [(other_images, "not the ones"), (unknown_data, "mine"),
              (impossible_data, "cannot be loaded")]
CASES = [(command, *damage) for command in ("show RUN", "train --resume RUN")
         for damage in DAMAGES + WRONG_DATA]
CASES += [(command, *damage) for command in ("sample RUN", "export RUN new.npz")
          for damage in DAMAGES]                                 # these need no data


@pytest.mark.parametrize("command, damage, word", CASES)
def test_a_damaged_or_foreign_run_is_refused_and_kept(work, capsys, command, damage, word):
    damage(work / RUN / "model.npz")
    before = contents(work)
    status, out, err = call(capsys, *command.replace("RUN", RUN).split())
    assert_one_sentence(status, err, RUN, word)
    assert out == "" and contents(work) == before

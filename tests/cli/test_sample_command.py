"""`numpyvae sample`: new pictures, and the same again by their seed."""
import os
import re

import numpy as np
from helpers_cli import GREY, RUN, assert_one_sentence, call, contents, numpyvae_in, posix

from numpyvae import plots
from numpyvae.runs import SavedRun
from numpyvae.training import Run


def test_every_picture_is_a_new_one(work, capsys):
    before = contents(work)
    done = numpyvae_in(work, "sample", RUN, "-n", "4")
    assert (done.returncode, done.stderr) == (0, "")
    status, out, err = call(capsys, "sample", RUN, "-n", "4")
    assert (status, err) == (0, "")
    assert done.stdout.startswith(os.path.join(RUN, "sample.png") + ": 4 images")
    assert out.startswith(os.path.join(RUN, "sample-2.png") + ": 4 images")
    after = contents(work)
    new = {name: after.pop(name) for name in set(after) - set(before)}
    assert after == before
    assert {os.path.basename(name) for name in new} == {"sample.png", "sample-2.png"}
    assert len(set(new.values())) == 2


def test_another_process_may_be_faster(work, capsys, monkeypatch):
    """Two of them found the same name unused: the second takes the next, in silence."""
    monkeypatch.setattr(plots.paper, "_pixels", lambda figure: np.zeros((1, 1, 4), np.uint8))
    save = plots.save

    def too_late(figure, path, new):
        monkeypatch.setattr(plots, "save", save)
        (work / path).write_bytes(b"somebody else's")
        save(figure, path, new)
    monkeypatch.setattr(plots, "save", too_late)
    status, out, err = call(capsys, "sample", RUN, "-n", "1")
    assert (status, err) == (0, "") and out.startswith(os.path.join(RUN, "sample-2.png"))
    assert (work / RUN / "sample.png").read_bytes() == b"somebody else's"
    monkeypatch.setattr(plots, "save", too_late)
    status, _, err = call(capsys, "sample", RUN, "-n", "1", "--out", "own.png")
    assert_one_sentence(status, err, "--out", "new file", "own.png")
    assert (work / "own.png").read_bytes() == b"somebody else's"


def test_what_a_killed_one_left_is_swept(work, drawn, capsys):
    for name in (os.path.join(RUN, "sample.png.1.tmp"), "own.png.2-0123456789abcdef.tmp"):
        (work / name).write_bytes(b"half")
    for out in ((), ("--out", "new.png")):
        assert call(capsys, "sample", RUN, "-n", "1", *out)[0] == 0
    assert not [name for name in contents(work) if name.endswith(".tmp")]


@posix
def test_a_link_that_leads_nowhere_is_no_new_file(work, capsys):
    for name in ("sample.png", "samples.png"):
        if (work / RUN / name).exists():
            (work / RUN / name).unlink()
    os.symlink("nowhere.png", work / RUN / "sample.png")
    status, _, err = call(capsys, "sample", RUN, "-n", "1", "--out", f"{RUN}/sample.png")
    assert_one_sentence(status, err, "--out", "new file")
    status, out, _ = call(capsys, "sample", RUN, "-n", "1")
    assert status == 0 and out.startswith(f"{RUN}/sample-2.png")
    assert os.readlink(work / RUN / "sample.png") == "nowhere.png"
    assert not os.path.lexists(work / RUN / "nowhere.png")


def test_samples_of_a_run_that_knows_no_shape(work, drawn, capsys):
    (work / "library").mkdir()
    run = Run(GREY.reshape(40, 12), GREY[:3].reshape(3, 12), hidden_dim=4, latent_dim=2)
    SavedRun(run, "library").save()
    assert call(capsys, "sample", "library", "-n", "2")[0] == 0
    axes, = drawn["sample.png"].axes
    assert axes.images[0].get_array().shape == (3, 2 * 13 + 1)           # each image is a row


def test_samples_come_again_by_their_seed(work, drawn, capsys):
    _, out, _ = call(capsys, "sample", RUN, "-n", "1")
    seed, = re.findall(r"--seed (\d+)", out)
    for argv in (("--seed", seed, "--out", "again.png"),
                 ("--seed", str(int(seed) + 1), "--out", "other.PNG")):
        assert call(capsys, "sample", RUN, "-n", "1", *argv)[0] == 0
    assert list(drawn) == ["sample.png", "again.png", "other.PNG"]
    first, again, other = (np.ma.filled(figure.axes[0].images[0].get_array(), -1)
                           for figure in drawn.values())
    assert np.array_equal(first, again) and not np.array_equal(first, other)

"""`numpyvae export`: the parameters under PyTorch's names, in a new file or in none."""
import os

import numpy as np
from helpers_cli import (RUN, assert_one_sentence, assert_same, call, contents, forbid_writing,
                         posix)

from numpyvae import VAE


def test_an_export_holds_the_parameters_under_pytorch_s_names(work, capsys):
    before = contents(work)
    status, out, err = call(capsys, "export", RUN, "torch.npz")
    saved = VAE.load(os.path.join(RUN, "model.npz"))
    assert (status, err) == (0, "")
    assert out.startswith("torch.npz: fc1.weight, fc1.bias, fc21.weight, ")
    assert_same(dict(np.load("torch.npz")), saved.to_torch_names())
    assert_same(VAE.from_torch_names(np.load("torch.npz")).params, saved.params)
    assert contents(work).keys() - before.keys() == {"torch.npz"}
    first = (work / "torch.npz").read_bytes()
    status, _, err = call(capsys, "export", RUN, "torch.npz")
    assert_one_sentence(status, err, "torch.npz", "new file")
    assert (work / "torch.npz").read_bytes() == first


def test_an_export_that_cannot_be_written(work, capsys, monkeypatch):
    forbid_writing(monkeypatch, "files")
    before = contents(work)
    status, out, err = call(capsys, "export", RUN, os.path.join("runs", "torch.npz"))
    assert_one_sentence(status, err, os.path.join("runs", "torch.npz: Permission denied"))
    assert ".tmp" not in err and out == "" and contents(work) == before


def test_of_two_exports_to_one_new_file_one_is_told(work, capsys, monkeypatch):
    to_torch_names = VAE.to_torch_names

    def meanwhile_another_writes_it(vae):
        (work / "torch.npz").write_bytes(b"somebody else's")
        return to_torch_names(vae)
    monkeypatch.setattr(VAE, "to_torch_names", meanwhile_another_writes_it)
    status, _, err = call(capsys, "export", RUN, "torch.npz")
    assert_one_sentence(status, err, "torch.npz: expected a new file")
    assert (work / "torch.npz").read_bytes() == b"somebody else's"
    assert sorted(os.listdir(work)) == ["runs", "torch.npz"]


def test_what_a_killed_export_left_is_swept_by_the_next(work, capsys):
    (work / "out").mkdir()
    for name in ("w1.npz.1.tmp", "w2.npz.2-0123456789abcdef.tmp", "notes.tmp", "photo.png.3.tmp"):
        (work / "out" / name).write_bytes(b"half")
    assert call(capsys, "export", RUN, os.path.join("out", "w3.npz"))[0] == 0
    assert sorted(os.listdir("out")) == ["notes.tmp", "photo.png.3.tmp", "w3.npz"]


@posix
def test_a_link_that_leads_nowhere_is_no_new_file(work, capsys):
    os.symlink("nowhere.npz", "link.npz")
    status, _, err = call(capsys, "export", RUN, "link.npz")
    assert_one_sentence(status, err, "link.npz: expected a new file")
    assert os.readlink("link.npz") == "nowhere.npz" and not os.path.lexists("nowhere.npz")

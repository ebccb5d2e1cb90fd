"""`numpyvae export`: the parameters under PyTorch's names, in a new file or in none."""
import os

import numpy as np
from helpers_cli import (RUN, assert_one_sentence, assert_same, call, contents, forbid_writing)

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

"""`numpyvae check`: right gradients are called right, and a wrong one wrong."""
import os

import pytest
from helpers_cli import call, numpyvae_in

from numpyvae import VAE, conditional, importance, vae
from numpyvae.autoencoder import Autoencoder
from numpyvae.cli import check


def test_every_gradient_is_found_right(tmp_path):
    done = numpyvae_in(tmp_path, "check")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.isascii()
    assert "784-400-20" in done.stdout and "7-5-2" in done.stdout
    of_vae, of_autoencoder = VAE(2, 2, 2).params, Autoencoder(2, 2, 2).params
    for name in {**of_vae, **of_autoencoder}:
        tables = 6 * (name in of_vae) + (name in of_autoencoder)
        assert done.stdout.count(f"\n{name} ") == tables
    assert done.stdout.count("\nM ") == 1                        # of the conditional VAE's means
    assert "NO" not in done.stdout
    assert os.listdir(tmp_path) == []


def test_one_of_the_networks_sees_only_some_of_the_pixels(capsys, monkeypatch):
    masks, compute = [], VAE.loss_and_grads

    def listen(self, x, eps, beta=1.0, mask=None, out=None):
        masks.append(mask)
        return compute(self, x, eps, beta, mask, out)
    monkeypatch.setattr(check, "BLOG", check.TINY)
    monkeypatch.setattr(VAE, "loss_and_grads", listen)
    assert call(capsys, "check")[0] == 0
    assert [mask is None for mask in masks] == [True, True, False, True]
    assert 0 < masks[2].mean() < 1


# What is spoiled, how, and a word of what is said of it.
@pytest.mark.parametrize("room, backward, wrong, word", [
    (vae, "kl_divergence_backward", lambda dmu, dlogvar: (dmu, 0.5 * dlogvar), "the term kl"),
    (vae, "reparameterize_backward", lambda dmu, dlogvar: (dmu, 0 * dlogvar), "the term recon"),
    (vae, "relu_backward", lambda da: 1.001 * da, "NO"),
    (conditional, "kl_to_class_backward", lambda dmu, dlogvar, dM: (dmu, dlogvar, -dM), "M: "),
    (importance, "log_prior_backward", lambda dz: 0 * dz, "NO")])
def test_a_wrong_backward_is_found(capsys, monkeypatch, room, backward, wrong, word):
    right = getattr(room, backward)

    def spoiled(*args):
        found = right(*args)
        return wrong(*found) if isinstance(found, tuple) else wrong(found)
    # The diagnosis of a large network would take seconds.
    monkeypatch.setattr(check, "BLOG", {"input_dim": 100, "hidden_dim": 40, "latent_dim": 9})
    monkeypatch.setattr(room, backward, spoiled)
    status, out, err = call(capsys, "check")
    assert (status, err) == (1, "")
    assert "NO" in out and "wrong" in out.splitlines()[-1] and word in out

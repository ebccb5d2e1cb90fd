"""The images of a run's pictures: from 0 to 1, and a few at a time."""
import os

import numpy as np
import pytest
from helpers_cli import GREY, LABELS, PICTURES, SEEN
from helpers_files import peak_of

from numpyvae import VAE, ConditionalVAE, datasets, plots
from numpyvae.cli import gallery, pictures, sample
from numpyvae.cli.gallery import Gallery
from numpyvae.training import Run

X, MASK = GREY.reshape(40, 12), SEEN.reshape(40, 12)
VAES    = VAE(12, 8, 2), ConditionalVAE(12, 8, 2, num_classes=3)


@pytest.mark.parametrize("model", VAES, ids=lambda model: model.TITLE)
@pytest.mark.parametrize("low, high", [(0, 1), (-1.5, 2.5)])
def test_everything_is_on_one_scale(model, low, high):
    found = Gallery(model, (4, 3), (low, high), X, MASK)
    rows, x = np.array([5, 3]), X[[5, 3]] / 255
    z = np.random.default_rng(0).standard_normal((2, 2))
    wanted = 2 if model is VAES[0] else np.array([2, 0])
    asked  = "ab" if model is VAES[0] else np.array([2, 0])
    for images, expected in ((found.seen(rows), np.where(MASK[rows], x, np.nan)),
                             (found.rebuilt(rows), model.reconstruct(x)),
                             (found.decode(z), model.decode(z)),
                             (found.inventor(7)(asked), model.generate(wanted, rng=7))):
        expected = (expected - low) / (high - low)
        np.testing.assert_allclose(images, expected, rtol=0, atol=1e-15)
    whole = Gallery(model, (4, 3), (low, high), X)
    assert not np.isnan(whole.seen(rows)).any()


def test_what_is_invented_part_by_part_is_what_is_invented_at_once():
    for model, rows in zip(VAES, (range(7), LABELS[:7])):
        whole, parts = (Gallery(model, (4, 3)).inventor(3) for _ in "ab")
        np.testing.assert_allclose(np.concatenate([parts(rows[:4]), parts(rows[4:])]), whole(rows),
                                   rtol=1e-12)


@pytest.mark.parametrize("at_once", [1, 30, 1 << 20])
def test_the_nearest_to_the_mean_and_the_farthest(monkeypatch, at_once):
    monkeypatch.setattr(gallery, "AT_ONCE", at_once)
    rows = np.arange(1, 40, 2)
    away = np.linalg.norm(X[rows] / 255 - X[rows].mean(axis=0) / 255, axis=1)
    found = Gallery(VAES[0], (4, 3), x=X).extremes(rows)
    assert found == (rows[away.argmin()], rows[away.argmax()])


# ---------------------------------------------------------------------- pictures of many

@pytest.mark.parametrize("n, C, label, columns", [
    (1, 10, None, 1), (64, 10, None, 10), (64, 3, None, 15), (64, 20, None, 20), (9, 20, None, 9),
    (4096, 10, None, 60), (4096, 3, None, 63), (4096, 65, None, 64), (4096, 10, 7, 64),
    (64, None, None, 16), (4096, None, None, 64), (3, None, None, 3)])
def test_the_columns_of_a_picture_are_so_many_that_it_fits_on_a_page(n, C, label, columns):
    model = VAES[0] if C is None else ConditionalVAE(4, 3, 2, num_classes=C)
    wanted, _, _, found = sample._wanted(model, n, label, "run")
    assert found == columns and len(wanted) == n
    assert -(-n // found) <= max(16, 1.2 * found)                # rows
    if C and label is None:
        assert np.array_equal(wanted, np.arange(n) % C)


def test_the_pictures_of_large_images_take_little_memory(tmp_path, capsys):
    """20 images of 500 by 400: the plane alone, decoded, would have 205 MB."""
    x = np.tile(GREY[:20, None, :, :, None], (1, 125, 1, 1, 133)).reshape(20, 500, 399)
    dataset = datasets.Dataset(x.reshape(20, -1), None, x.reshape(20, -1), LABELS[:20], (500, 399))
    run = Run(dataset.x_train, dataset.x_test, hidden_dim=2, latent_dim=2)
    assert peak_of(pictures.draw, run, dataset, str(tmp_path), plots) < 100e6    # measured: 45 MB
    assert len(os.listdir(tmp_path)) == len(PICTURES) - 1        # no history yet

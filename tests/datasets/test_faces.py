"""The drawn faces: each factor changes what it should, nothing else, and can be read back."""
import hashlib

import numpy as np
import pytest
from helpers import seeds
from hypothesis import given, settings
from hypothesis import strategies as st

from numpyvae.datasets import load_faces
from numpyvae.datasets.faces import (FACTORS, MOUTH, SIDE, SOFTNESS, _ellipse, draw_faces,
                                     mouth_mask)

STEPS = np.linspace(-1, 1, 9)
EXPRESSION, TONE, SHAPE, HAIR = range(4)
MIDDLE = SIDE // 2 - 1               # the last column of the left half


def varied(factor, values=STEPS, count=60, fixed=()):
    """Faces that differ in one factor alone, whatever the others  ->  (values, count, 28, 28)"""
    factors = np.random.default_rng(0).uniform(-1, 1, (count, 4))
    for other, value in dict(fixed).items():
        factors[:, other] = value
    factors = np.tile(factors, (len(values), 1, 1))
    factors[:, :, factor] = np.reshape(values, (-1, 1))
    return draw_faces(factors.reshape(-1, 4)).reshape(len(values), count, SIDE, SIDE)


# ---------------------------------------------------------------------- images and factors

@settings(max_examples=30)
@given(n=st.integers(0, 40), seed=seeds)
def test_images_in_range_each_with_its_factors(n, seed):
    x, factors = load_faces(n, seed)
    assert x.shape == (n, 784) and factors.shape == (n, 4) == (n, len(FACTORS))
    assert x.dtype == factors.dtype == np.float32
    assert ((x >= 0) & (x <= 1)).all() and ((factors >= -1) & (factors < 1)).all()
    assert np.array_equal(x, draw_faces(factors).reshape(n, 784))
    for i in range(min(n, 3)):                                   # alone as among others
        assert np.array_equal(draw_faces(factors[i:i + 1])[0].ravel(), x[i])


def test_the_same_seed_gives_the_same_faces_and_another_others():
    x, factors = load_faces(5, 3)
    for again in (3, np.random.default_rng(3)):
        assert all(map(np.array_equal, load_faces(5, again), (x, factors)))
    assert np.array_equal(load_faces(5)[0], load_faces(5, 0)[0])
    rng = np.random.default_rng(3)
    load_faces(5, rng)                                           # a Generator goes on
    for images, drawn in (load_faces(5, 4), load_faces(5, rng)):
        assert len(np.unique(np.vstack([drawn, factors]), axis=0)) == 10
        assert len(np.unique(np.vstack([images, x]), axis=0)) == 10


@pytest.mark.parametrize("n", [1, 499, 500, 501, 1000])
def test_portions_do_not_matter(n):
    x, factors = load_faces(1001, 1)
    images, drawn = load_faces(n, 1)
    assert np.array_equal(images, x[:n]) and np.array_equal(drawn, factors[:n])
    assert np.array_equal(draw_faces(factors).reshape(1001, 784), x)         # all in one portion


def test_the_faces_never_change():
    """A pixel takes arithmetic and square roots in single precision, no more: equal to the bit."""
    factors = np.stack(np.meshgrid(*[[-1, 0.25, 1]] * 4), axis=-1).reshape(-1, 4)
    digest = hashlib.sha256(draw_faces(factors).astype("<f4").tobytes()).hexdigest()
    assert digest == "f63d493a6d7171c1e5ea46dcd78b332158573a423aaf1ecce8c637071dea569a"


def test_the_factors_are_uniform_and_independent():
    _, factors = load_faces(8000, 0)
    for column in factors.T:
        ranks = (np.sort(column) + 1) / 2        # the distribution function of a uniform factor
        steps = np.arange(len(ranks) + 1) / len(ranks)
        distance = max((steps[1:] - ranks).max(), (ranks - steps[:-1]).max())
        # Kolmogorov: by chance it is larger once in 1,000. Measured: 1.02.
        assert distance < 1.95 / np.sqrt(8000)
        assert abs(column.mean()) < 4 / np.sqrt(3 * 8000)
        assert abs(column.std() * np.sqrt(3) - 1) < 0.02
    between = np.corrcoef(factors.T)[np.triu_indices(4, 1)]
    assert np.abs(between).max() < 4 / np.sqrt(8000)


@pytest.mark.parametrize("n, rng, error, name", [
    (-1,   0,   ValueError, "n"),
    (1.5,  0,   TypeError,  "n"),
    ("3",  0,   TypeError,  "n"),
    (True, 0,   TypeError,  "n"),
    (None, 0,   TypeError,  "n"),
    (3,    -1,  TypeError,  "rng"),
    (3,    "a", TypeError,  "rng"),
    (3,    1.5, TypeError,  "rng")])
def test_a_bad_number_or_seed_is_named(n, rng, error, name):
    with pytest.raises(error, match=f"^{name}: expected .*, got "):
        load_faces(n, rng)


# ---------------------------------------------------------------------- what every face has

def test_paper_all_around_and_both_halves_alike():
    images = load_faces(300, 2)[0].reshape(-1, SIDE, SIDE)
    assert (images[:, [0, -1]] == 0).all() and (images[:, :, [0, -1]] == 0).all()
    np.testing.assert_array_equal(images, images[:, :, ::-1])


def test_eyes_a_nose_and_hair_on_top():
    dark, pale = varied(TONE, [1, -1])
    for images in (dark, pale):
        skin    = images[:, 12, MIDDLE]                          # of the forehead
        eyes    = images[:, 13:15, [MIDDLE - 3, MIDDLE + 4]]
        between = images[:, 13:15, MIDDLE - 1:MIDDLE + 3]
        nose    = images[:, 16, MIDDLE]
        fringe  = images[:, 6, MIDDLE]
        assert images.max() > 0.8 and (eyes == images.max()).all()
        assert (between < skin.min() + 0.1).all()
        assert (nose > images[:, 16, MIDDLE - 2] + 0.05).all()   # than the skin beside it
        assert (fringe > skin + 0.1).all()
    assert np.array_equal(dark[:, 6], pale[:, 6])                # hair has a colour of its own
    assert (dark[:, 12, MIDDLE] > pale[:, 12, MIDDLE] + 0.1).all()


@pytest.mark.parametrize("width, height, most", [
    (8.0, 8.0,  1e-14),                          # measured: 2e-15
    (7.5, 10.7, 0.01),                           # the longest head: 0.0065 pixels
    (9.7, 8.5,  0.01)])                          # the roundest: 0.0009
def test_the_distance_from_an_edge_is_right_where_ink_ends(width, height, most):
    """Points that lie on normals to the ellipse have a known distance from it."""
    angle  = np.linspace(0, 2 * np.pi, 100)
    normal = np.array([np.cos(angle) / width, np.sin(angle) / height])
    normal = normal / np.hypot(*normal)
    for distance in np.linspace(-SOFTNESS / 2, SOFTNESS / 2, 9):
        x, y = np.array([width * np.cos(angle), height * np.sin(angle)]) + distance * normal
        assert np.abs(_ellipse(x, y, width, height) - distance).max() < most


# ---------------------------------------------------------------------- what each factor changes

def test_the_expression_changes_the_mouth_alone():
    images = varied(EXPRESSION, count=200)
    outside = mouth_mask().reshape(SIDE, SIDE)
    assert (images[:, :, outside] == images[0][:, outside]).all()
    for one, next_one in zip(images, images[1:]):
        assert (np.abs(one - next_one)[:, ~outside].max(axis=1) > 0.01).all()    # 0.035 at least
    assert (np.abs(images[0] - images[-1])[:, ~outside].max(axis=1) > 0.05).all()        # 0.14


def test_the_mask_covers_the_mouth_and_little_more():
    mask = mouth_mask()
    assert mask.shape == (784,) and mask.dtype == bool
    images  = varied(EXPRESSION, count=200)
    moving  = np.argwhere((images != images[0]).any(axis=(0, 1)))        # (row, column) of pixels
    covered = np.argwhere(~mask.reshape(SIDE, SIDE))
    first, last = covered.min(axis=0), covered.max(axis=0)
    assert len(covered) == np.prod(last - first + 1)                     # a rectangle
    for margin in (moving.min(axis=0) - first, last - moving.max(axis=0)):
        assert margin.tolist() == [1, 2]                                 # a row and two columns


def test_a_smile_lifts_the_corners():
    """The height of the mouth in a column is the row on which its ink is centred."""
    images = varied(EXPRESSION, fixed={TONE: -1, HAIR: -1})
    skin   = images[:, :, 12, None, MIDDLE, None]
    mouths = (images[:, :, MOUTH[0]] - 1.2 * skin).clip(0)
    rows   = np.arange(mouths.shape[2])

    def height(columns):
        ink = mouths[..., columns].sum(axis=-1)
        return (ink * rows).sum(axis=-1) / ink.sum(axis=-1)
    drop = height([MIDDLE - 4, MIDDLE - 3]) - height([MIDDLE - 2, MIDDLE - 1])
    assert (np.diff(drop, axis=0) < 0).all()                     # every step towards a smile lifts
    assert (drop[0] > 0.5).all() and (drop[-1] < -0.5).all()     # measured: 1.2 and -1.2 rows
    np.testing.assert_allclose(drop[::-1], -drop, rtol=0, atol=0.4)          # 0.10


def test_the_skin_darkens_with_its_tone():
    images = varied(TONE)
    change = np.diff(images, axis=0)
    assert (change >= 0).all()                                   # no pixel gets paler
    inside = images[:, :, 12:19, MIDDLE - 5:MIDDLE + 7].mean(axis=(2, 3))
    assert (np.diff(inside, axis=0) > 0.01).all()                # measured: 0.03 in every step
    assert np.abs(change - change[0]).max() < 1e-6               # evenly; measured: 1.2e-7


def test_a_face_grows_longer_and_narrower_with_its_shape():
    images = varied(SHAPE, count=1, fixed={EXPRESSION: 0, HAIR: -1, TONE: 0})
    skin    = images[:, :, 12, None, MIDDLE, None]
    covered = np.minimum(1, images / skin)                       # 1: as dark as skin, or darker
    width   = covered[:, :, 18].sum(axis=2)                      # in pixels
    height  = covered[:, :, 15:, MIDDLE].sum(axis=2)             # of its lower half
    assert (np.diff(width, axis=0) < -0.1).all() and (np.diff(height, axis=0) > 0.1).all()
    assert width[0] - width[-1] > 3 and height[-1] - height[0] > 1.5         # 4.4 and 2.1


def test_long_hair_reaches_further_down_at_the_sides():
    images = varied(HAIR, fixed={TONE: -1})
    hair   = images[0, 0, 6, MIDDLE]
    sides  = images[:, :, 10:, [*range(6), *range(22, SIDE)]]
    ink    = sides.sum(axis=(2, 3))
    dark   = (sides > hair / 2).sum(axis=(2, 3))
    assert (np.diff(ink, axis=0) > 0.3).all()                    # measured: 0.5 at least
    assert (np.diff(dark, axis=0) >= 0).all()
    assert (dark[-1] - dark[0] > 20).all()                       # 38 at least
    assert (images[:, :, :8] == images[0, :, :8]).all()          # the top does not change


def test_every_factor_can_be_read_back_by_linear_regression():
    x, factors = load_faces(3500, 1)
    x = np.column_stack([x, np.ones(len(x))]).astype(np.float64)
    learned = x[:3000]
    weights = np.linalg.solve(learned.T @ learned + 0.01 * np.eye(785), learned.T @ factors[:3000])
    error = np.sqrt(np.mean((x[3000:] @ weights - factors[3000:]) ** 2, axis=0))
    # Measured: 0.093, 0.0003, 0.0010 and 0.011, where guessing would cost 0.577.
    assert (error < [0.15, 0.001, 0.004, 0.04]).all(), error

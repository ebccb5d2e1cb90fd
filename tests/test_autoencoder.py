"""The ordinary auto-encoder: its loss by definition, its gradient by the complex step, and as a VAE
without noise.
"""
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import element_error, norm_error, seeds, silence_required, sizes
from numpyvae import VAE, Adam, Autoencoder, check_gradients, numeric_gradient
from numpyvae.errors import CheckpointError, InvalidTypeError, InvalidValueError
from numpyvae.layers import dense_backward

N, D, H, Z = 3, 7, 5, 2


def make(seed=0, N=N, D=D, H=H, Z=Z, masked=False, dtype=np.float64, **options):
    """A network with a batch for it  ->  autoencoder, x, mask."""
    rng = np.random.default_rng(seed)
    autoencoder = Autoencoder(D, H, Z, rng=rng, dtype=dtype, **options)
    x = rng.random((N, D)).astype(dtype)
    mask = rng.random((N, D)) < 0.7 if masked else None
    return autoencoder, x, mask


networks = st.builds(make, seed=seeds, N=sizes, D=sizes, H=st.integers(2, 8), Z=st.integers(1, 4),
                     masked=st.booleans(), likelihood=st.sampled_from(["bernoulli", "gaussian"]),
                     x_std=st.floats(0.2, 2.0))


def numeric_gradients(autoencoder, x, mask):
    """The gradient of the loss, block by block, by the complex step."""
    def along(name):
        return lambda array: autoencoder.loss(x, mask, {**autoencoder.params, name: array})
    return {name: numeric_gradient(along(name), param, "complex")
            for name, param in autoencoder.params.items()}


def joined(blocks):
    return np.concatenate([block.ravel() for block in blocks.values()])


# ---------------------------------------------------------------------- the gradient

def test_gradient_against_the_complex_step_on_200_small_networks():
    flowing = dict.fromkeys(Autoencoder(1, 1, 1).params, 0)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        sizes = *rng.integers(1, 7, 2), rng.integers(2, 9), rng.integers(1, 5)
        likelihood = ["bernoulli", "gaussian"][seed // 2 % 2]
        autoencoder, x, mask = make(seed, *sizes, masked=seed % 2, likelihood=likelihood,
                                    x_std=rng.uniform(0.2, 2))
        _, grads = autoencoder.loss_and_grads(x, mask)
        numeric = numeric_gradients(autoencoder, x, mask)
        assert np.linalg.norm(joined(numeric)) > 0
        # Asked for: 1e-13, 1e-12. Measured: 2e-15, 9e-14, 2e-13, on the same 200 every time.
        assert norm_error(joined(grads), joined(numeric)) <= 2e-14
        for name, grad in grads.items():
            assert norm_error(grad, numeric[name]) <= 9e-13
            assert element_error(grad, numeric[name]) <= 2e-12
            flowing[name] += numeric[name].any()
    assert min(flowing.values()) > 150, "vacuous cases: everything masked, all units shut"


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("seed", range(3))
def test_gradient_of_the_blogs_sizes_along_random_directions(seed, likelihood):
    autoencoder, x, mask = make(seed, 8, 784, 400, 20, masked=seed % 2, likelihood=likelihood,
                                x_std=0.5)
    _, grads = autoencoder.loss_and_grads(x, mask)
    report = check_gradients(lambda params: autoencoder.loss(x, mask, params), autoencoder.params,
                             grads, "complex", rng=seed, show=False)
    assert report.ok and len(report.rows) == 9 and all(row.numeric for row in report.rows)
    assert report.max_error <= 1e-13         # asked for: 1e-12; measured over 40 networks: 1.5e-14


@settings(max_examples=40)
@given(networks)
def test_it_is_a_vae_without_noise(network):
    autoencoder, x, mask = network
    vae = VAE(**autoencoder.settings, rng=1)
    for name in autoencoder.params:
        vae.params[name.replace("_z", "_mu")] = autoencoder.params[name]
    z = autoencoder.encode(x)
    assert np.array_equal(z, vae.encode(x)[0])
    assert np.array_equal(autoencoder.decode(z), vae.decode(z))
    loss, grads = autoencoder.loss_and_grads(x, mask)
    (_, recon, _), vae_grads = vae.loss_and_grads(x, np.zeros_like(z), 0.0, mask)
    assert loss == recon
    for name, grad in grads.items():
        assert np.array_equal(grad, vae_grads[name.replace("_z", "_mu")])
    assert not vae_grads["W_logvar"].any()


def test_float32_gradient_against_float64():
    for seed in range(3):
        autoencoder, x, _ = make(seed, 64, 784, 400, 20)
        single = Autoencoder(784, 400, 20, dtype=np.float32)
        single.params = {name: param.astype(np.float32)
                         for name, param in autoencoder.params.items()}
        _, grads = autoencoder.loss_and_grads(x)
        _, grads32 = single.loss_and_grads(x)
        assert norm_error(joined(grads32), joined(grads)) <= 3e-6                 # measured: 3.5e-7


# ---------------------------------------------------------------------- the loss

def loss_written_out(autoencoder, x, mask):
    """The loss by the definitions, one number at a time and in probabilities: an oracle that shares
    no code.
    """
    W1, b1, W_z, b_z, W3, b3, W4, b4 = (param.tolist() for param in autoencoder.params.values())

    def dense(values, W, b):
        return [sum(v * W[i][o] for i, v in enumerate(values)) + b[o] for o in range(len(b))]

    loss = 0.0
    for n in range(len(x)):
        seen = [True] * len(x[n]) if mask is None else mask[n]
        h1 = [max(a, 0.0) for a in dense([v if s else 0.0 for v, s in zip(x[n], seen)], W1, b1)]
        h3 = [max(a, 0.0) for a in dense(dense(h1, W_z, b_z), W3, b3)]
        for o, pixel, s in zip(dense(h3, W4, b4), x[n], seen):
            if s and autoencoder.likelihood == "bernoulli":
                p = 1 / (1 + math.exp(-o))
                loss -= pixel * math.log(p) + (1 - pixel) * math.log(1 - p)
            elif s:
                loss -= math.log(NormalDist(o, autoencoder.x_std).pdf(pixel))
    return loss / len(x)


@given(networks)
def test_loss_is_what_the_definitions_say_with_and_without_its_gradient(network):
    autoencoder, x, mask = network
    loss, _ = autoencoder.loss_and_grads(x, mask)
    # Measured over 3,000: 7e-16, relative or absolute.
    assert loss == pytest.approx(loss_written_out(autoencoder, x, mask), rel=6e-15, abs=6e-15)
    assert loss == autoencoder.loss(x, mask) == autoencoder.loss(x, mask, autoencoder.params)


@given(networks)
def test_sampled_losses_need_no_sample(network):
    autoencoder, x, mask = network
    loss, grads = autoencoder.loss_and_grads(x, mask)
    rng = np.random.default_rng(0)
    assert autoencoder.sample_loss(x, rng, 3.0, mask) == (loss, loss, 0)
    out = {name: np.empty_like(param) for name, param in autoencoder.params.items()}
    terms, same = autoencoder.sample_loss_and_grads(x, rng, 3.0, mask, out)
    assert terms == (loss, loss, 0)
    assert all(same[name] is out[name] for name in grads)
    assert all(np.array_equal(same[name], grads[name]) for name in grads)
    assert rng.random() == np.random.default_rng(0).random()         # nothing was drawn from it


@given(networks)
def test_the_loss_is_neg_log_p_of_x_at_the_code(network):
    autoencoder, x, mask = network
    z = autoencoder.encode(x if mask is None else x * mask)
    assert autoencoder.neg_log_p(z, x, mask).mean() == autoencoder.loss(x, mask)


def test_the_loss_is_a_mean_over_the_batch_and_a_sum_over_pixels():
    autoencoder, x, _ = make()
    parts = [autoencoder.loss(x[n:n + 1]) for n in range(N)]
    assert np.mean(parts) == pytest.approx(autoencoder.loss(x), rel=4e-15)      # measured: 4e-16
    half = np.tile(np.arange(D) < 3, (N, 1))
    autoencoder.params["W1"][...] = 0                # it ignores x now: z is the same for any mask
    both = autoencoder.loss(x, half) + autoencoder.loss(x, ~half)
    assert both == pytest.approx(autoencoder.loss(x), rel=4e-15)
    for param in autoencoder.params.values():
        param[...] = 0
    assert autoencoder.loss(x) == pytest.approx(D * math.log(2), rel=1e-15)


@settings(max_examples=30)
@given(networks, st.sampled_from([0.0, 1.0, np.nan, np.inf, -5.0]))
def test_what_lies_under_the_mask_cannot_matter_and_sends_no_gradient(network, anything):
    autoencoder, x, _ = network
    mask = np.random.default_rng(0).random(x.shape) < 0.5
    mask[:, 0] = False                                           # a pixel that is never observed
    loss, grads = autoencoder.loss_and_grads(x, mask)
    hidden = np.where(mask, x, anything)
    again, same = autoencoder.loss_and_grads(hidden, mask)
    assert again == loss == autoencoder.loss(hidden, mask)
    assert all(np.array_equal(same[name], grads[name]) for name in grads)
    for gone in (grads["W1"][0], grads["W4"][:, 0], grads["b4"][0]):
        assert not np.any(gone)
    assert grads["b4"][1:].all() == mask.any(axis=0)[1:].all()   # and the observed ones do


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_logits_stay_finite_and_silent(dtype):
    autoencoder, x, _ = make(dtype=dtype)
    x = np.round(x)
    for param in autoencoder.params.values():
        param[...] = 0
    for logit in (-1000, 1000):
        autoencoder.params["b4"][...] = logit
        with silence_required():
            loss, grads = autoencoder.loss_and_grads(x)
        assert loss == pytest.approx(1000 * np.sum(x == (logit < 0)) / N, rel=1e-6)
        db4 = ((logit > 0) - x).astype(dtype).sum(axis=0) * dtype(1 / N)
        assert np.array_equal(grads["b4"], db4)


# ---------------------------------------------------------------------- the protocol

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_dtype_is_kept(dtype, likelihood):
    autoencoder, x, mask = make(dtype=dtype, likelihood=likelihood, masked=True,
                                x_std=np.float64(0.5))
    x = x.astype(np.float64)                                     # cast on entry
    loss, grads = autoencoder.loss_and_grads(x, mask)
    results = [loss, *grads.values(), autoencoder.loss(x, mask), *autoencoder.forward(x),
               autoencoder.reconstruct(x), *autoencoder.params.values()]
    assert {result.dtype for result in results} == {np.dtype(dtype)}
    complex_params = {name: param + 0j for name, param in autoencoder.params.items()}
    assert autoencoder.loss(x, params=complex_params).dtype == np.result_type(dtype, 1j)


def test_params_stand_in_for_its_own():
    autoencoder, x, mask = make(masked=True)
    other, *_ = make(seed=1)
    found = autoencoder.loss(x, mask, params=other.params)
    assert found == other.loss(x, mask) != autoencoder.loss(x, mask)
    # Other parameters bring their own precision.
    single = Autoencoder(D, H, Z, dtype=np.float32)
    assert single.loss(x, mask, params=other.params) == other.loss(x, mask)


def test_nothing_given_is_changed():
    autoencoder, x, mask = make(masked=True)
    given_arrays = {"x": x, "mask": mask, **autoencoder.params}
    kept = {name: array.copy() for name, array in given_arrays.items()}
    autoencoder.loss_and_grads(x, mask)
    autoencoder.reconstruct(x)
    assert all(np.array_equal(given_arrays[name], kept[name]) for name in kept)


def test_gradients_can_be_written_into_arrays_of_the_caller():
    autoencoder, x, mask = make(masked=True)
    loss, grads = autoencoder.loss_and_grads(x, mask)
    out = {name: np.full_like(param, np.nan) for name, param in autoencoder.params.items()}
    again, same = autoencoder.loss_and_grads(x, mask, out=out)
    assert again == loss and list(same) == list(autoencoder.params) == list(grads)
    for name in grads:
        assert same[name] is out[name] and np.array_equal(out[name], grads[name])
        assert not np.shares_memory(grads[name], autoencoder.params[name])


def test_no_gradient_is_computed_for_the_data(monkeypatch):
    asked = []

    def recorded(dy, x, W, *rest):
        dx, dW, db = dense_backward(dy, x, W, *rest)
        asked.append(dx is not None)
        return dx, dW, db
    monkeypatch.setattr("numpyvae.autoencoder.dense_backward", recorded)
    autoencoder, x, _ = make()
    autoencoder.loss_and_grads(x)
    assert asked == [True, True, True, False]                # W4, W3, W_z, and last W1: x is data


def _single(params):
    return {name: np.zeros_like(param, np.float32) for name, param in params.items()}


def _misnamed(params):
    return {name.replace("_z", "_mu"): np.zeros_like(param) for name, param in params.items()}


@pytest.mark.parametrize("out, message", [
    (lambda params: {}, "missing: W1"),
    (lambda params: {**params}, "of its own, got one that shares its memory"),
    (lambda params: _single(params), "expected dtype float64, got float32"),
    (lambda params: {name: np.zeros((1, 1)) for name in params}, "expected shape"),
    (lambda params: dict.fromkeys(params, np.zeros((D, H))), "expected shape"),
    (lambda params: _misnamed(params), "W_mu")])
def test_an_out_that_cannot_take_the_gradients_is_refused(out, message):
    autoencoder, x, _ = make()
    with pytest.raises(InvalidValueError, match=message):
        autoencoder.loss_and_grads(x, out=out(autoencoder.params))


# ---------------------------------------------------------------------- the network itself

@given(networks)
def test_forward_is_encode_and_decode(network):
    autoencoder, x, _ = network
    z = autoencoder.encode(x)
    probs, z_again = autoencoder.forward(x)
    assert np.array_equal(z, z_again) and z.shape == (len(x), autoencoder.latent_dim)
    assert np.array_equal(probs, autoencoder.decode(z)) and probs.shape == x.shape
    assert np.array_equal(autoencoder.reconstruct(x), probs)


def test_encode_and_decode_are_the_formulas():
    autoencoder, x, _ = make()
    p = autoencoder.params
    h1 = np.maximum(0, np.einsum("nd,dh->nh", x, p["W1"]) + p["b1"])
    z = np.einsum("nh,hz->nz", h1, p["W_z"]) + p["b_z"]
    np.testing.assert_allclose(autoencoder.encode(x), z, rtol=4e-15)     # measured: 4e-16
    out = np.einsum("nh,hd->nd", np.maximum(0, np.einsum("nz,zh->nh", z, p["W3"]) + p["b3"]),
                    p["W4"]) + p["b4"]
    np.testing.assert_allclose(autoencoder.decode(z), 1 / (1 + np.exp(-out)), rtol=4e-15)
    gaussian = Autoencoder(D, H, Z, "gaussian")
    gaussian.params = p
    np.testing.assert_allclose(gaussian.reconstruct(x), out, rtol=4e-15)


def test_defaults_are_the_blogs_sizes_and_seeds_are_obeyed():
    autoencoder = Autoencoder()
    shapes = {"W1":  (784, 400), "b1":  (400,),
              "W_z": (400, 20),  "b_z": (20,),
              "W3":  (20, 400),  "b3":  (400,),
              "W4":  (400, 784), "b4":  (784,)}
    assert {name: param.shape for name, param in autoencoder.params.items()} == shapes
    assert autoencoder.likelihood == "bernoulli" and not hasattr(autoencoder, "generate")
    one   = Autoencoder(D, H, Z, rng=5)
    two   = Autoencoder(D, H, Z, rng=5)
    other = Autoencoder(D, H, Z, rng=6)
    for name, param in one.params.items():
        assert np.array_equal(param, two.params[name])
        assert not np.array_equal(param, other.params[name])


@pytest.mark.parametrize("options",
                         [{}, {"likelihood": "gaussian", "x_std": 0.3, "dtype": np.float32}])
def test_save_and_load(tmp_path, options):
    autoencoder, x, _ = make(**options)
    autoencoder.save(tmp_path / "network.npz")
    again = Autoencoder.load(tmp_path / "network.npz")
    assert again.settings == autoencoder.settings and list(again.params) == list(autoencoder.params)
    assert again.loss(x) == autoencoder.loss(x)
    Adam(again.params).step(again.loss_and_grads(x)[1])          # and it can be trained on


def test_the_models_do_not_take_each_others_files(tmp_path):
    for own, other in ((VAE, Autoencoder), (Autoencoder, VAE)):
        other(D, H, Z).save(tmp_path / "network.npz")
        with pytest.raises(CheckpointError, match=f"expected a saved {own.__name__}, got "
                           f"{other.__name__}"):
            own.load(tmp_path / "network.npz")


# ---------------------------------------------------------------------- bad input

GOOD = np.full((N, D), 0.5)


@pytest.mark.parametrize("change, error, message", [
    ({"x": np.zeros((N, D + 1))}, InvalidValueError,
     r"x: expected shape \(N, 7\), one example a row, got \(3, 8\)"),
    ({"x": np.zeros((N, 7, 1))}, InvalidValueError, "flatten each example first"),
    ({"x": np.zeros((0, D))}, InvalidValueError, "x: expected at least one example, got none"),
    ({"x": np.full((N, D), np.nan)}, InvalidValueError,
     "x: expected finite numbers, got NaN or infinity"),
    ({"x": np.full((N, D), 1.001)}, InvalidValueError,
     r"x: expected values in \[0, 1\] for .*, got 1.001 to 1.001"),
    ({"x": np.full((N, D), 255, np.uint8)}, InvalidValueError, "bytes: divide by 255"),
    ({"x": np.full((N, D), "0.5")}, InvalidTypeError,
     "x: expected an array of real numbers, got dtype"),
    ({"mask": np.ones((N, D))}, InvalidTypeError, "mask: expected booleans"),
    ({"mask": np.ones((N, D - 1), bool)}, InvalidValueError,
     r"mask: expected the shape of x, \(3, 7\), got \(3, 6\)"),
    ({"x": np.where(np.eye(N, D) > 0, np.nan, 0.5), "mask": np.ones((N, D), bool)},
     InvalidValueError, "x: .*NaN")])
@pytest.mark.parametrize("function", ["loss", "loss_and_grads"])
def test_bad_batches_are_refused_in_words(function, change, error, message):
    with pytest.raises(error, match=message):
        getattr(Autoencoder(D, H, Z), function)(**{"x": GOOD, **change})


@pytest.mark.parametrize("call, error, message", [
    (lambda autoencoder: autoencoder.loss(GOOD, params=VAE(D, H, Z).params), InvalidValueError,
     "missing: W_z, b_z"),
    (lambda autoencoder: autoencoder.loss(GOOD, params={**autoencoder.params, "b_z": np.zeros(3)}),
     InvalidValueError, r"params\['b_z'\]: expected shape \(2,\), got \(3,\)"),
    (lambda autoencoder: autoencoder.encode(GOOD[:, 1:]), InvalidValueError, "x: expected shape"),
    (lambda autoencoder: autoencoder.forward(GOOD + 1), InvalidValueError,
     r"x: expected values in \[0, 1\]"),
    (lambda autoencoder: autoencoder.reconstruct(GOOD * np.nan), InvalidValueError,
     "x: expected finite"),
    (lambda autoencoder: autoencoder.decode(np.zeros((N, Z + 1))), InvalidValueError,
     "z: expected shape"),
    (lambda autoencoder: Autoencoder(0), InvalidValueError,
     "input_dim: expected a whole number above 0"),
    (lambda autoencoder: Autoencoder(D, H, 2.0), InvalidTypeError,
     "latent_dim: expected a whole number"),
    (lambda autoencoder: Autoencoder(likelihood="poisson"), InvalidValueError,
     "likelihood: expected one of"),
    (lambda autoencoder: Autoencoder(dtype="float16"), InvalidTypeError,
     "dtype: expected float32 or float64")])
def test_other_bad_arguments_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call(Autoencoder(D, H, Z))


def test_gaussian_pixels_may_lie_anywhere():
    assert Autoencoder(1, 1, 1, "gaussian").loss([[-100.0]]) > 1000

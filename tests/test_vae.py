"""The whole network: its loss against the formulas written out for one example, its gradient
against differences.
"""
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import element_error, norm_error, seeds, silence_required, sizes
from numpyvae import VAE, Adam, check_gradients, checkpoint, numeric_gradient
from numpyvae.errors import CheckpointError, InvalidTypeError, InvalidValueError
from numpyvae.layers import dense_backward

N, D, H, Z = 3, 7, 5, 2


def make(seed=0, N=N, D=D, H=H, Z=Z, masked=False, dtype=np.float64, **options):
    """A network with a batch for it  ->  vae, x, eps, mask."""
    rng = np.random.default_rng(seed)
    vae = VAE(D, H, Z, rng=rng, dtype=dtype, **options)
    x, eps = rng.random((N, D)).astype(dtype), rng.standard_normal((N, Z)).astype(dtype)
    mask = rng.random((N, D)) < 0.7 if masked else None
    return vae, x, eps, mask


networks = st.builds(make, seed=seeds, N=sizes, D=sizes, H=st.integers(2, 8), Z=st.integers(1, 4),
                     masked=st.booleans(), likelihood=st.sampled_from(["bernoulli", "gaussian"]),
                     x_std=st.floats(0.2, 2.0))
betas = st.sampled_from([1.0, 0.25, 3.0])


def numeric_gradients(f, params, method):
    def along(name):
        return lambda array: f({**params, name: array})
    return {name: numeric_gradient(along(name), param, method) for name, param in params.items()}


def remembered(function):
    """`function` of a dictionary of arrays, computed once for each of its values: two checks may
    ask for the same.
    """
    found = {}

    def remembering(params):
        key = b"".join(param.tobytes() for param in params.values())
        if key not in found:
            found[key] = function(params)
        return found[key]
    return remembering


def joined(blocks):
    return np.concatenate([block.ravel() for block in blocks.values()])


# ---------------------------------------------------------------------- the gradient

def test_gradient_against_the_complex_step_on_300_small_networks():
    # The same 300 every time: where the terms of a block cancel, the relative error has no bound.
    for seed in range(300):
        rng = np.random.default_rng(seed)
        sizes = *rng.integers(1, 7, 2), rng.integers(2, 9), rng.integers(1, 5)
        vae, x, eps, mask = make(seed, *sizes, masked=bool(seed % 2),
                                 likelihood=["bernoulli", "gaussian"][seed // 2 % 2],
                                 x_std=rng.uniform(0.2, 2))
        beta = (1.0, 0.25, 3.0)[seed % 3]
        _, grads = vae.loss_and_grads(x, eps, beta, mask)
        numeric = numeric_gradients(lambda p: vae.loss(x, eps, beta, mask, p)[0], vae.params,
                                    "complex")
        assert np.linalg.norm(joined(numeric)) > 0
        # The bounds that were asked for; measured: 7e-16, 6e-14, 4e-13.
        assert norm_error(joined(grads), joined(numeric)) <= 1e-13
        for name, grad in grads.items():
            assert norm_error(grad, numeric[name]) <= 1e-12
            assert element_error(grad, numeric[name]) <= 1e-11


@settings(max_examples=50)
@given(networks, betas)
def test_gradient_against_central_differences(network, beta):
    vae, x, eps, mask = network
    _, grads = vae.loss_and_grads(x, eps, beta, mask)
    loss = remembered(lambda params: vae.loss(x, eps, beta, mask, params)[0])
    report = check_gradients(loss, vae.params, grads, show=False)
    assert report.ok
    if not report.findings:                                      # no kink within the step
        numeric = numeric_gradients(loss, vae.params, "central")
        assert norm_error(joined(grads), joined(numeric)) <= 1e-8    # measured over 3,000: 4e-9


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("seed", range(5))
def test_gradient_of_the_blogs_network_along_random_directions(seed, likelihood):
    vae, x, eps, mask = make(seed, 8, 784, 400, 20, masked=seed % 2, likelihood=likelihood,
                             x_std=0.5)
    _, grads = vae.loss_and_grads(x, eps, mask=mask)
    report = check_gradients(lambda params: vae.loss(x, eps, mask=mask, params=params)[0],
                             vae.params, grads, "complex", rng=seed, show=False)
    assert report.ok and len(report.rows) == 11
    assert report.max_error <= 1e-12             # as asked for; measured over 40 networks: 2e-14


@settings(max_examples=50)
@given(networks, betas)
def test_every_term_has_its_own_right_gradient(network, beta):
    # The loss alone could be right by two errors that cancel: here each of its terms stands alone.
    vae, x, eps, mask = network
    _, without = vae.loss_and_grads(x, eps, 0.0, mask)
    _, weighted = vae.loss_and_grads(x, eps, beta, mask)
    terms = remembered(lambda params: vae.loss(x, eps, beta, mask, params))
    recon, kl = (numeric_gradients(lambda p: terms(p)[which], vae.params, "complex")
                 for which in (1, 2))
    scale = np.linalg.norm(joined(weighted))
    for name in vae.params:
        assert norm_error(without[name], recon[name], at_least=scale) <= 1e-14   # measured: 7e-16
        assert norm_error(weighted[name], recon[name] + beta * kl[name], at_least=scale) <= 1e-14


def test_float32_gradient_against_float64():
    for seed in range(5):
        vae, x, eps, _ = make(seed, 128, 784, 400, 20)
        single = VAE(784, 400, 20, dtype=np.float32)
        single.params = {name: param.astype(np.float32) for name, param in vae.params.items()}
        _, grads = vae.loss_and_grads(x, eps)
        _, grads32 = single.loss_and_grads(x, eps)
        # Asked for: 1e-4. Measured: 4e-7.
        assert norm_error(joined(grads32), joined(grads)) <= 1e-5


# ---------------------------------------------------------------------- the loss

def loss_written_out(vae, x, eps, beta, mask):
    """The loss by the definitions, one number at a time and in probabilities: an oracle that shares
    no code.
    """
    lists = (param.tolist() for param in vae.params.values())
    W1, b1, W_mu, b_mu, W_lv, b_lv, W3, b3, W4, b4 = lists

    def dense(values, W, b):
        return [sum(v * W[i][o] for i, v in enumerate(values)) + b[o] for o in range(len(b))]

    recon = kl = 0.0
    for n in range(len(x)):
        seen = [True] * len(x[n]) if mask is None else mask[n]
        h1 = [max(a, 0.0) for a in dense([v if s else 0.0 for v, s in zip(x[n], seen)], W1, b1)]
        mu, logvar = dense(h1, W_mu, b_mu), dense(h1, W_lv, b_lv)
        z = [m + math.sqrt(math.exp(v)) * e for m, v, e in zip(mu, logvar, eps[n])]
        out = dense([max(a, 0.0) for a in dense(z, W3, b3)], W4, b4)
        for o, pixel, s in zip(out, x[n], seen):
            if s and vae.likelihood == "bernoulli":
                p = 1 / (1 + math.exp(-o))
                recon -= pixel * math.log(p) + (1 - pixel) * math.log(1 - p)
            elif s:
                recon -= math.log(NormalDist(o, vae.x_std).pdf(pixel))
        kl += sum(-0.5 * (1 + v - m ** 2 - math.exp(v)) for m, v in zip(mu, logvar))
    return (recon + beta * kl) / len(x), recon / len(x), kl / len(x)


@given(networks, betas)
def test_loss_is_what_the_definitions_say(network, beta):
    vae, x, eps, mask = network
    # Measured: 4e-15 (the oracle's probabilities lose a digit or two).
    expected = loss_written_out(vae, x, eps, beta, mask)
    assert vae.loss(x, eps, beta, mask) == pytest.approx(expected, rel=5e-14, abs=5e-14)


@given(networks, betas)
def test_loss_and_loss_and_grads_are_the_same_to_the_bit(network, beta):
    vae, x, eps, mask = network
    terms, _ = vae.loss_and_grads(x, eps, beta, mask)
    assert terms == vae.loss(x, eps, beta, mask) == vae.loss(x, eps, beta, mask, params=vae.params)


@given(networks, seeds)
def test_sampled_losses_are_those_of_the_noise_that_the_generator_draws(network, seed):
    vae, x, _, mask = network
    eps = np.random.default_rng(seed).standard_normal((len(x), vae.latent_dim))
    terms, grads = vae.loss_and_grads(x, eps, 0.25, mask)
    rng = np.random.default_rng(seed)
    assert vae.sample_loss(x, rng, 0.25, mask) == terms
    out = {name: np.empty_like(param) for name, param in vae.params.items()}
    again, same = vae.sample_loss_and_grads(x, np.random.default_rng(seed), 0.25, mask, out)
    assert again == terms
    assert all(same[name] is out[name] for name in grads)
    assert all(np.array_equal(same[name], grads[name]) for name in grads)
    assert vae.sample_loss(x, np.random.default_rng(seed)) == vae.loss(x, eps)
    again, _ = vae.sample_loss_and_grads(x, np.random.default_rng(seed))
    assert again == vae.loss(x, eps)
    twin = np.random.default_rng(seed)
    twin.standard_normal(eps.shape)
    assert rng.random() == twin.random()                 # one noise for each code, and no more


@given(networks)
def test_recon_is_neg_log_p_of_x_at_the_sample(network):
    vae, x, eps, mask = network
    seen = x if mask is None else x * mask
    z = vae.reparameterize(*vae.encode(seen), eps)
    assert vae.neg_log_p(z, x, mask).mean() == vae.loss(x, eps, mask=mask)[1]


def test_chance_costs_log_two_a_pixel_and_no_kl():
    vae, x, eps, _ = make()
    for param in vae.params.values():
        param[...] = 0
    loss, recon, kl = vae.loss(x, eps)
    assert loss == recon == pytest.approx(D * math.log(2), rel=1e-15) and kl == 0


def test_the_loss_is_a_mean_over_the_batch_and_a_sum_over_pixels():
    vae, x, eps, _ = make()
    twice = vae.loss(np.vstack([x, x]), np.vstack([eps, eps]))
    assert twice == pytest.approx(vae.loss(x, eps), rel=1e-14)
    parts = [vae.loss(x[n:n + 1], eps[n:n + 1]) for n in range(N)]
    assert np.mean(parts, axis=0) == pytest.approx(vae.loss(x, eps), rel=1e-14)
    half = np.arange(D) < 3
    masks = [np.tile(half, (N, 1)), np.tile(~half, (N, 1))]
    vae.params["W1"][...] = 0                # an encoder that ignores x: z is the same for any mask
    in_parts = sum(vae.loss(x, eps, mask=mask)[1] for mask in masks)
    assert in_parts == pytest.approx(vae.loss(x, eps)[1], rel=1e-14)


@settings(max_examples=30)
@given(networks, seeds)
def test_the_order_of_the_rows_does_not_matter(network, seed):
    vae, x, eps, mask = network
    order = np.random.default_rng(seed).permutation(len(x))
    terms, grads = vae.loss_and_grads(x, eps, 1.0, mask)
    mask_in_order = None if mask is None else mask[order]
    again, permuted = vae.loss_and_grads(x[order], eps[order], 1.0, mask_in_order)
    assert again == pytest.approx(terms, rel=1e-13, abs=1e-13)
    for name in grads:
        # Measured: 6e-14 and 4e-16.
        np.testing.assert_allclose(permuted[name], grads[name], rtol=1e-12, atol=1e-14)
    mu, _ = vae.encode(x)
    np.testing.assert_allclose(vae.encode(x[order])[0], mu[order], rtol=1e-12, atol=1e-14)


@settings(max_examples=30)
@given(networks, st.sampled_from([0.0, 1.0, np.nan, np.inf, -5.0]))
def test_what_lies_under_the_mask_cannot_matter(network, anything):
    vae, x, eps, _ = network
    mask = np.random.default_rng(0).random(x.shape) < 0.5
    terms, grads = vae.loss_and_grads(x, eps, 1.0, mask)
    hidden = np.where(mask, x, anything)
    again, same = vae.loss_and_grads(hidden, eps, 1.0, mask)
    assert again == terms == vae.loss(hidden, eps, 1.0, mask)
    assert all(np.array_equal(same[name], grads[name]) for name in grads)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_logits_and_variances_stay_finite_and_silent(dtype):
    vae, x, eps, _ = make(dtype=dtype)
    x = np.round(x)
    for param in vae.params.values():
        param[...] = 0
    for logit in (-1000, 1000):
        for logvar in (-80, 0, 80):
            vae.params["b4"][...], vae.params["b_logvar"][...] = logit, logvar
            with silence_required():
                (loss, recon, kl), grads = vae.loss_and_grads(x, eps)
            assert recon == pytest.approx(1000 * np.sum(x == (logit < 0)) / N, rel=1e-6)
            assert kl == pytest.approx(Z * 0.5 * (np.expm1(float(logvar)) - logvar), rel=1e-5)
            assert loss == pytest.approx(recon + kl, rel=1e-6)
            assert all(np.isfinite(grad).all() for grad in grads.values())


# ---------------------------------------------------------------------- the protocol

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_dtype_is_kept(dtype, likelihood):
    vae, x, eps, mask = make(dtype=dtype, likelihood=likelihood, masked=True, x_std=np.float64(0.5))
    x, eps = x.astype(np.float64), eps.astype(np.float64)        # cast on entry
    terms, grads = vae.loss_and_grads(x, eps, np.float64(2.0), mask)
    results = [*terms, *grads.values(), *vae.loss(x, eps, 2, mask), *vae.forward(x, eps),
               vae.neg_log_p(eps, x, mask), vae.generate(2), vae.reconstruct(x),
               vae.reparameterize(eps, eps, eps), *vae.params.values()]
    assert {result.dtype for result in results} == {np.dtype(dtype)}
    complex_params = {name: param + 0j for name, param in vae.params.items()}
    terms = vae.loss(x, eps, params=complex_params)
    assert {term.dtype for term in terms} == {np.result_type(dtype, 1j)}


def test_nothing_given_is_changed():
    vae, x, eps, mask = make(masked=True)
    given_arrays = {"x": x, "eps": eps, "mask": mask, **vae.params}
    kept = {name: array.copy() for name, array in given_arrays.items()}
    vae.loss_and_grads(x, eps, 1.0, mask)
    vae.loss(x, eps, 1.0, mask)
    vae.forward(x, eps)
    vae.reconstruct(x)
    assert all(np.array_equal(given_arrays[name], kept[name]) for name in kept)


def test_gradients_can_be_written_into_arrays_of_the_caller():
    vae, x, eps, _ = make()
    terms, grads = vae.loss_and_grads(x, eps)
    out = {name: np.full_like(param, np.nan) for name, param in vae.params.items()}
    again, same = vae.loss_and_grads(x, eps, out=out)
    assert again == terms and list(same) == list(vae.params) == list(grads)
    for name in grads:
        assert same[name] is out[name] and np.array_equal(out[name], grads[name])
        assert not np.shares_memory(grads[name], vae.params[name])


def test_no_gradient_is_computed_for_the_data(monkeypatch):
    asked = []

    def recorded(dy, x, W, *rest):
        dx, dW, db = dense_backward(dy, x, W, *rest)
        asked.append(dx is not None)
        return dx, dW, db
    monkeypatch.setattr("numpyvae.vae.dense_backward", recorded)
    vae, x, eps, _ = make()
    vae.loss_and_grads(x, eps)
    # These are W4, W3, W_logvar, W_mu, and last W1, below which lies only the data.
    assert asked == [True, True, True, True, False]


def test_gradients_can_be_written_into_parts_of_one_array_unless_they_overlap():
    vae, x, eps, _ = make()
    _, grads = vae.loss_and_grads(x, eps)
    sizes = [param.size for param in vae.params.values()]

    def parts(of, starts):
        return {name: of[start:start + param.size].reshape(param.shape)
                for (name, param), start in zip(vae.params.items(), starts)}
    out = parts(np.zeros(sum(sizes)), np.cumsum([0, *sizes[:-1]]))
    vae.loss_and_grads(x, eps, out=out)
    assert all(np.array_equal(out[name], grads[name]) for name in grads)
    with pytest.raises(InvalidValueError, match=r"^out\['b1'\]: expected an array of its own"):
        overlapping = np.cumsum([0, sizes[0] - 1, *sizes[1:-1]])
        vae.loss_and_grads(x, eps, out=parts(np.zeros(sum(sizes)), overlapping))
    with pytest.raises(InvalidValueError, match=r"^out\['W_mu'\]: expected an array of its own"):
        vae.loss_and_grads(x, eps, out={**out, "W_mu": vae.params["W_mu"][:]})


def _single(params):
    return {name: np.zeros_like(param, np.float32) for name, param in params.items()}


def _shared(params):
    out = {name: np.zeros_like(param) for name, param in params.items()}
    return {**out, "W_logvar": out["W_mu"]}


@pytest.mark.parametrize("out, message", [
    (lambda params: {}, "^out: .*missing: W1"),
    (lambda params: {**params}, "of its own, got one that shares its memory"),
    (lambda params: _single(params), "expected dtype float64, got float32"),
    (lambda params: {name: np.zeros((1, 1)) for name in params}, "expected shape"),
    (lambda params: _shared(params), r"out\['W_logvar'\]: expected an array of its own")])
def test_an_out_that_cannot_take_the_gradients_is_refused(out, message):
    vae, x, eps, _ = make()
    with pytest.raises(InvalidValueError, match=message):
        vae.loss_and_grads(x, eps, out=out(vae.params))


# ---------------------------------------------------------------------- the blog's functions

@given(networks)
def test_forward_is_encode_reparameterize_decode(network):
    vae, x, eps, _ = network
    mu, logvar = vae.encode(x)
    z = vae.reparameterize(mu, logvar, eps)
    probs, mu_again, logvar_again = vae.forward(x, eps)
    assert np.array_equal(mu, mu_again) and np.array_equal(logvar, logvar_again)
    assert np.array_equal(probs, vae.decode(z)) and probs.shape == x.shape
    assert np.array_equal(vae.reconstruct(x), vae.decode(mu))


def test_encode_and_decode_are_the_blogs_formulas():
    vae, x, eps, _ = make()
    p = vae.params
    mu, logvar = vae.encode(x)
    h1 = np.maximum(0, p["W1"].T.dot(x.T).T + p["b1"])           # fc1.weight is the transpose of W1
    np.testing.assert_allclose(mu, np.einsum("nh,hz->nz", h1, p["W_mu"]) + p["b_mu"], rtol=1e-12)
    np.testing.assert_allclose(logvar, np.einsum("nh,hz->nz", h1, p["W_logvar"]) + p["b_logvar"],
                               rtol=1e-12)
    h3 = np.maximum(0, np.einsum("nz,zh->nh", eps, p["W3"]) + p["b3"])
    out = np.einsum("nh,hd->nd", h3, p["W4"]) + p["b4"]
    np.testing.assert_allclose(vae.decode(eps), 1 / (1 + np.exp(-out)), rtol=1e-12)
    gaussian = VAE(D, H, Z, likelihood="gaussian", rng=0)
    gaussian.params = p
    np.testing.assert_allclose(gaussian.decode(eps), out, rtol=1e-12)


def test_samples_of_the_posterior_have_its_moments():
    # exp(logvar) taken for the standard deviation would pass every gradient check.
    vae = VAE(D, H, 1)
    n = 100_000
    eps = np.random.default_rng(0).standard_normal((n, 1))
    z = vae.reparameterize(np.full((n, 1), 0.7), np.full((n, 1), math.log(9.0)), eps)
    assert abs(z.mean() - 0.7) < 4 * 3 / math.sqrt(n)
    assert abs(z.var() - 9.0) < 4 * 9 * math.sqrt(2 / n)


def test_generate_decodes_the_prior():
    vae, *_ = make()
    images = vae.generate(5, rng=3)
    z = np.random.default_rng(3).standard_normal((5, Z))
    assert np.array_equal(images, vae.decode(z)) and images.shape == (5, D)
    assert np.array_equal(vae.generate(5, rng=np.random.default_rng(3)), images)
    assert not np.array_equal(vae.generate(5, rng=4), images)
    assert np.array_equal(vae.generate(5), vae.generate(5, rng=0))


# ---------------------------------------------------------------------- initialisation and files

def test_defaults_are_the_blogs_network():
    vae = VAE()
    assert (vae.input_dim, vae.hidden_dim, vae.latent_dim) == (784, 400, 20)
    assert vae.likelihood == "bernoulli"
    assert vae.x_std == 1.0 and np.array_equal(vae.params["W1"], VAE(rng=0).params["W1"])
    shapes = {"W1":       (784, 400), "b1":       (400,),
              "W_mu":     (400, 20),  "b_mu":     (20,),
              "W_logvar": (400, 20),  "b_logvar": (20,),
              "W3":       (20, 400),  "b3":       (400,),
              "W4":       (400, 784), "b4":       (784,)}
    assert {name: param.shape for name, param in vae.params.items()} == shapes
    assert sum(param.size for param in vae.params.values()) == 652_824
    assert {param.dtype for param in vae.params.values()} == {np.dtype(np.float64)}


def test_initial_parameters_are_uniform_in_one_over_the_root_of_fan_in():
    for name, param in VAE(rng=1).params.items():
        fan_in = {"1": 784, "_mu": 400, "_logvar": 400, "3": 20, "4": 400}[name[1:]]
        scaled = param.ravel() * math.sqrt(fan_in)
        assert np.abs(scaled).max() <= 1 and scaled.any()
        error = 4 / math.sqrt(scaled.size)   # four standard errors of a mean, in deviations of 1
        assert abs(scaled.mean()) < error * math.sqrt(1 / 3)
        assert abs((scaled ** 2).mean() - 1 / 3) < error * math.sqrt(4 / 45)


def test_the_same_seed_gives_the_same_network_in_every_dtype():
    one    = VAE(D, H, Z, rng=5)
    two    = VAE(D, H, Z, rng=np.random.default_rng(5))
    other  = VAE(D, H, Z, rng=6)
    single = VAE(D, H, Z, rng=5, dtype="float32")
    for name in one.params:
        assert np.array_equal(one.params[name], two.params[name])
        assert not np.array_equal(one.params[name], other.params[name])
        assert np.array_equal(single.params[name], one.params[name].astype(np.float32))


@pytest.mark.parametrize("options",
                         [{}, {"likelihood": "gaussian", "x_std": 0.3, "dtype": np.float32}])
def test_save_and_load(tmp_path, options):
    vae, x, eps, _ = make(**options)
    path = tmp_path / "vae.npz"
    vae.save(path)
    again = VAE.load(path)
    assert again.settings == vae.settings and list(again.params) == list(vae.params)
    assert again.loss(x, eps) == vae.loss(x, eps)
    assert [file.name for file in tmp_path.iterdir()] == ["vae.npz"]
    with np.load(path) as arrays:                                # any NumPy can read it
        assert np.array_equal(arrays["W1"], vae.params["W1"])
    Adam(again.params).step(again.loss_and_grads(x, eps)[1])     # and it can be trained on


@pytest.mark.parametrize("change, message", [
    (lambda arrays, about: about.update(model="Autoencoder"),
     "expected a saved VAE, got Autoencoder"),
    (lambda arrays, about: about.pop("model"), "expected a saved VAE, got no model"),
    (lambda arrays, about: about.pop("settings"), "settings"),
    (lambda arrays, about: about["settings"].pop("latent_dim"), "latent_dim"),
    (lambda arrays, about: about["settings"].update(latent_dim=3),
     "W_mu: expected float64 of shape \\(5, 3\\)"),
    (lambda arrays, about: about["settings"].update(hidden_dim=10 ** 12), "W1: expected"),
    (lambda arrays, about: about["settings"].update(likelihood="poisson"), "poisson"),
    (lambda arrays, about: about["settings"].update(surprise=1), "surprise"),
    (lambda arrays, about: about["settings"].update(dtype="float32"), "expected float32"),
    (lambda arrays, about: arrays.pop("b3"), "b3"),
    (lambda arrays, about: arrays["W4"].fill(np.nan), "W4: expected finite")])
def test_a_file_that_holds_no_such_network_is_refused(tmp_path, change, message):
    vae, *_ = make()
    arrays, about = dict(vae.params), {"model": "VAE", "settings": dict(vae.settings)}
    change(arrays, about)
    checkpoint.save(tmp_path / "vae.npz", arrays, about)
    with pytest.raises(CheckpointError, match=message) as caught:
        VAE.load(tmp_path / "vae.npz")
    assert "vae.npz" in str(caught.value)


# ---------------------------------------------------------------------- bad input

@pytest.mark.parametrize("options, error, message", [
    ({"input_dim": 0}, InvalidValueError, "input_dim: expected a whole number above 0"),
    ({"hidden_dim": -3}, InvalidValueError, "hidden_dim: .*got -3"),
    ({"latent_dim": 2.0}, InvalidTypeError, "latent_dim: expected a whole number, got 2.0"),
    ({"latent_dim": True}, InvalidTypeError, "latent_dim"),
    ({"likelihood": "poisson"}, InvalidValueError,
     "likelihood: expected one of bernoulli, gaussian, got 'poisson'"),
    ({"x_std": 0}, InvalidValueError, "x_std: expected a finite number above 0, got 0"),
    ({"x_std": math.nan}, InvalidValueError, "x_std"),
    ({"dtype": "float16"}, InvalidTypeError, "dtype: expected float32 or float64, got 'float16'"),
    ({"dtype": complex}, InvalidTypeError, "dtype"),
    ({"dtype": "nonsense"}, InvalidTypeError, "dtype")])
def test_options_out_of_range_are_refused_by_name(options, error, message):
    with pytest.raises(error, match=message):
        VAE(**{"input_dim": D, "hidden_dim": H, "latent_dim": Z, **options})


GOOD = {"x": np.full((N, D), 0.5), "eps": np.zeros((N, Z))}


@pytest.mark.parametrize("change, error, message", [
    ({"x": np.zeros((N, D + 1))}, InvalidValueError,
     r"x: expected shape \(N, 7\), one example a row, got \(3, 8\)"),
    ({"x": np.zeros((N, 7, 1))}, InvalidValueError,
     r"flatten each example first, with x.reshape\(len\(x\), -1\)"),
    ({"x": np.zeros(D)}, InvalidValueError, "x: expected shape"),
    ({"x": np.zeros((0, D)), "eps": np.zeros((0, Z))}, InvalidValueError,
     "x: expected at least one example, got none"),
    ({"x": np.full((N, D), np.nan)}, InvalidValueError,
     "x: expected finite numbers, got NaN or infinity"),
    ({"x": np.full((N, D), -np.inf)}, InvalidValueError, "x: expected finite"),
    ({"x": np.full((N, D), 1.001)}, InvalidValueError,
     r"x: expected values in \[0, 1\] for .*, got 1.001 to 1.001"),
    ({"x": np.full((N, D), -0.001)}, InvalidValueError, r"x: expected values in \[0, 1\]"),
    ({"x": np.full((N, D), 255, np.uint8)}, InvalidValueError, "bytes: divide by 255"),
    ({"x": np.full((N, D), "0.5")}, InvalidTypeError,
     "x: expected an array of real numbers, got dtype"),
    ({"x": np.full((N, D), 0.5j)}, InvalidTypeError, "x: .*complex128"),
    ({"x": np.full((N, D), None)}, InvalidTypeError, "x: .*object"),
    ({"eps": np.zeros((N, Z + 1))}, InvalidValueError, r"eps: expected shape \(3, 2\)"),
    ({"eps": np.zeros((N + 1, Z))}, InvalidValueError,
     r"eps: expected shape \(3, 2\), .*got \(4, 2\)"),
    ({"eps": np.full((N, Z), np.inf)}, InvalidValueError, "eps: expected finite"),
    ({"beta": -1}, InvalidValueError, "beta: expected a finite number of at least 0, got -1"),
    ({"beta": math.nan}, InvalidValueError, "beta"),
    ({"beta": "1"}, InvalidTypeError, "beta: expected a number, got '1'"),
    ({"mask": np.ones((N, D))}, InvalidTypeError, "mask: expected booleans"),
    ({"mask": np.ones((N, D - 1), bool)}, InvalidValueError,
     r"mask: expected the shape of x, \(3, 7\), got \(3, 6\)")])
@pytest.mark.parametrize("function", ["loss", "loss_and_grads"])
def test_bad_batches_are_refused_in_words(function, change, error, message):
    with pytest.raises(error, match=message):
        getattr(VAE(D, H, Z), function)(**{**GOOD, **change})


@pytest.mark.parametrize("params, error, message", [
    ({"W1": np.zeros((D, H))},
     InvalidValueError, "params: expected the keys W1, b1, .*missing: W3"),
    ({**VAE(D, H, Z).params, "b3": np.zeros(H + 1)},
     InvalidValueError, r"\['b3'\]: expected shape \(5,\), got \(6,\)"),
    ({name: np.zeros(a.shape, np.int64) for name, a in VAE(D, H, Z).params.items()},
     InvalidTypeError, "int64")])
def test_bad_parameters_are_refused_in_words(params, error, message):
    with pytest.raises(error, match=message):
        VAE(D, H, Z).loss(**GOOD, params=params)


def test_bad_arguments_of_the_other_functions_are_refused_in_words():
    vae, mu = VAE(D, H, Z), np.zeros((N, Z))
    for call, message in [
            (lambda: vae.encode(np.zeros((N, D - 1))), "x: expected shape"),
            (lambda: vae.decode(np.zeros((N, Z + 1))), "z: expected shape"),
            (lambda: vae.neg_log_p(mu[:, :1], GOOD["x"]), "^z: expected shape"),
            (lambda: vae.decode(np.full((N, Z), np.nan)), "z: expected finite"),
            (lambda: vae.reparameterize(mu[:, :1], mu, mu), "^mu: expected shape"),
            (lambda: vae.reparameterize(mu, mu[:1], mu), "logvar: expected shape"),
            (lambda: vae.reparameterize(mu, mu, mu[:1]), "eps: expected shape"),
            (lambda: vae.forward(GOOD["x"], mu[:2]), "eps: expected shape"),
            (lambda: vae.reconstruct(GOOD["x"] + 1), r"x: expected values in \[0, 1\]"),
            (lambda: vae.generate(0), "n: expected a whole number above 0"),
            (lambda: vae.generate(2, rng=-1), "rng: expected a seed"),
            (lambda: VAE(D, H, Z, rng="seven"), "rng: expected a seed .*got 'seven'")]:
        with pytest.raises((InvalidValueError, InvalidTypeError), match=message):
            call()


def test_gaussian_pixels_may_lie_anywhere_and_too_large_ones_for_the_dtype_are_refused():
    vae = VAE(D, H, Z, likelihood="gaussian", dtype=np.float32)
    assert np.isfinite(vae.loss(np.full((N, D), -100.0), GOOD["eps"])[0])
    with silence_required(), pytest.raises(InvalidValueError, match="x: expected finite"):
        vae.loss(np.full((N, D), 1e300), GOOD["eps"])

"""The importance-weighted auto-encoder: its gradient by the complex step and by PyTorch, its loss
by definition, by `log_likelihood`, and between the VAE's bound and log p(x).
"""
import math
import tracemalloc
from decimal import Decimal, getcontext
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import (check_pair, draw, element_error, exact, norm_error, seeds, silence_required,
                     sizes, spoil)
from numpyvae import IWAE, VAE, Adam, check_gradients, numeric_gradient
from numpyvae.errors import CheckpointError, InvalidTypeError, InvalidValueError
from numpyvae.evaluate import log_likelihood
from numpyvae.importance import (log_mean_exp, log_mean_exp_backward, normalized_weights, repeat,
                                 repeat_backward)
from numpyvae.layers import dense_backward

N, D, H, Z, K = 3, 7, 5, 2, 4


def make(seed=0, N=N, D=D, H=H, Z=Z, K=K, masked=False, dtype=np.float64, **options):
    """A network with a batch for it  ->  iwae, x, eps, mask."""
    rng = np.random.default_rng(seed)
    iwae = IWAE(D, H, Z, rng=rng, dtype=dtype, num_samples=K, **options)
    x, eps = rng.random((N, D)).astype(dtype), rng.standard_normal((N, K, Z)).astype(dtype)
    mask = rng.random((N, D)) < 0.7 if masked else None
    return iwae, x, eps, mask


networks = st.builds(make, seed=seeds, N=sizes, D=sizes, H=st.integers(2, 8), Z=st.integers(1, 4),
                     K=st.integers(1, 6), masked=st.booleans(),
                     likelihood=st.sampled_from(["bernoulli", "gaussian"]), x_std=st.floats(0.2, 2))


def joined(blocks):
    return np.concatenate([block.ravel() for block in blocks.values()])


# ---------------------------------------------------------------------- the pairs

@given(sizes, sizes, st.integers(1, 5), seeds)
def test_repeat_backward(N, I, K, seed):
    a, = draw(seed, (N, I))
    check_pair(repeat, repeat_backward, (a, K), (0,), seed + 1)
    assert np.array_equal(repeat(a, K), [row for row in a for _ in range(K)])


@given(sizes, sizes, seeds)
def test_log_mean_exp_backward(N, K, seed):
    log_w, = draw(seed, (N, K))
    check_pair(log_mean_exp, log_mean_exp_backward, (3 * log_w,), (0,), seed + 1)


def test_log_mean_exp_against_60_decimal_digits_at_weights_that_no_float_can_hold():
    getcontext().prec = 60
    log_w = np.array([[1e4, 1e4 - 1, 9.9e3, -1e4], [-1e4, -1e4 - 1, -1e4 - 2, -2e4],
                      [0.0, 0.0, 0.0, 0.0], [-1.0, 2.0, 0.5, 700.0], [3.0, 3.5, -40.0, 3.25]])
    w = [[Decimal(value).exp() for value in row] for row in log_w]
    with silence_required():
        bound, weights = log_mean_exp(log_w), normalized_weights(log_w)
        single = log_mean_exp(log_w.astype(np.float32))
    # measured: 2e-16, relative
    np.testing.assert_allclose(bound, [float((sum(row) / 4).ln()) for row in w], rtol=2e-15)
    np.testing.assert_allclose(weights, [[float(v / sum(row)) for v in row] for row in w],
                               rtol=1e-14, atol=0)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-15)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, bound, rtol=1e-6)


# ---------------------------------------------------------------------- the gradient

def test_gradient_against_the_complex_step_on_300_small_networks():
    # The same 300 every time: of a block whose terms happen to cancel, the relative error has no
    # bound.
    flowing = dict.fromkeys(IWAE(1, 1, 1).params, 0)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        sizes = *rng.integers(1, 7, 2), rng.integers(2, 9), rng.integers(1, 5), rng.integers(1, 7)
        iwae, x, eps, mask = make(seed, *sizes, masked=bool(seed % 2),
                                  likelihood=["bernoulli", "gaussian"][seed // 2 % 2],
                                  x_std=rng.uniform(0.2, 2))
        _, grads = iwae.loss_and_grads(x, eps, mask)

        def loss_of(name):
            return lambda array: iwae.loss(x, eps, mask, {**iwae.params, name: array})[0]
        numeric = {name: numeric_gradient(loss_of(name), param, "complex")
                   for name, param in iwae.params.items()}
        # asked for: 1e-13 of all together; measured: 1.4e-15, and by block 3e-13, 7e-13
        assert norm_error(joined(grads), joined(numeric)) <= 1.4e-14
        for name, grad in grads.items():
            assert norm_error(grad, numeric[name]) <= 3e-12
            assert element_error(grad, numeric[name]) <= 7e-12
            flowing[name] += numeric[name].any()
    assert min(flowing.values()) > 200, "vacuous cases: everything masked, all units shut"


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("seed", range(3))
def test_gradient_of_the_blogs_sizes_along_random_directions(seed, likelihood):
    iwae, x, eps, mask = make(seed, 4, 784, 400, 20, 3, masked=seed % 2, likelihood=likelihood,
                              x_std=0.5)
    _, grads = iwae.loss_and_grads(x, eps, mask)
    report = check_gradients(lambda params: iwae.loss(x, eps, mask, params)[0], iwae.params, grads,
                             "complex", rng=seed, show=False)
    assert report.ok and len(report.rows) == 11 and all(row.numeric for row in report.rows)
    assert report.max_error <= 2e-12                             # measured over 40 networks: 2e-13


with np.load(Path(__file__).parent / "reference" / "torch_relatives.npz") as file:
    REFERENCE = dict(file)
CASES = [key.removesuffix("/loss") for key in REFERENCE
         if key.startswith("IWAE") and key.endswith("/loss")]


def on_file(prefix):
    """The arrays whose keys are `prefix` and one more name, by that name."""
    return {key.rsplit("/", 1)[1]: array for key, array in REFERENCE.items()
            if key.rsplit("/", 1)[0] == prefix}


@pytest.mark.parametrize("case", CASES)
def test_losses_and_gradients_are_pytorchs(case):
    _, likelihood, pixels = case.split("/")
    iwae = IWAE.from_torch_names(on_file("IWAE"), likelihood, float(REFERENCE["x_std"]))
    mask = REFERENCE["mask"] if pixels == "masked" else None
    terms, grads = iwae.loss_and_grads(REFERENCE["x"], REFERENCE["eps_k"], mask)
    expected = on_file(case)
    # asked for: 1e-12; measured: losses 4e-16, gradients by block 6e-15
    np.testing.assert_allclose(terms, expected.pop("loss"), rtol=4e-15)
    iwae.params = grads
    found = iwae.to_torch_names()
    assert list(found) == list(expected)
    for name, grad in found.items():
        assert np.linalg.norm(expected[name]) > 1e-2, "a vacuous case: nothing flows there"
        assert norm_error(grad, expected[name]) <= 6e-14


def test_the_whole_file_is_compared():
    assert len(CASES) == 4 and len(on_file("IWAE")) == 10
    assert len([key for key in REFERENCE if key.startswith("IWAE")]) == 10 + 4 * 11


def test_float32_gradient_against_float64():
    for seed in range(3):
        iwae, x, eps, _ = make(seed, 32, 784, 400, 20, 5)
        single = IWAE(784, 400, 20, dtype=np.float32)
        single.params = {name: param.astype(np.float32) for name, param in iwae.params.items()}
        _, grads = iwae.loss_and_grads(x, eps)
        _, grads32 = single.loss_and_grads(x, eps)
        # Measured: 1.7e-5. A loss of 540 nats has an error of 3e-5 in float32, and that is the
        # relative error of a weight.
        assert norm_error(joined(grads32), joined(grads)) <= 1e-4


# ---------------------------------------------------------------------- the loss

def loss_written_out(iwae, x, eps, mask):
    """The loss by the definitions, one number at a time, with densities and not their logarithms:
    an oracle that shares no code.
    """
    W1, b1, W_mu, b_mu, W_lv, b_lv, W3, b3, W4, b4 = (param.tolist()
                                                      for param in iwae.params.values())

    def dense(values, W, b):
        return [sum(v * W[i][o] for i, v in enumerate(values)) + b[o] for o in range(len(b))]

    bound = recon = kl = 0.0
    for n in range(len(x)):
        seen = [True] * len(x[n]) if mask is None else mask[n]
        h1 = [max(a, 0.0) for a in dense([v if s else 0.0 for v, s in zip(x[n], seen)], W1, b1)]
        mu, logvar = dense(h1, W_mu, b_mu), dense(h1, W_lv, b_lv)
        std = [math.sqrt(math.exp(v)) for v in logvar]
        kl += sum(-0.5 * (1 + v - m ** 2 - math.exp(v)) for m, v in zip(mu, logvar))
        w = []
        for eps_k in eps[n]:
            z = [m + s * e for m, s, e in zip(mu, std, eps_k)]
            out = dense([max(a, 0.0) for a in dense(z, W3, b3)], W4, b4)
            p_x = p_z = q_z = 1.0
            for o, pixel, s in zip(out, x[n], seen):
                if s and iwae.likelihood == "bernoulli":
                    p = 1 / (1 + math.exp(-o))
                    p_x *= p ** pixel * (1 - p) ** (1 - pixel)
                elif s:
                    p_x *= NormalDist(o, iwae.x_std).pdf(pixel)
            for m, s, value in zip(mu, std, z):
                p_z *= NormalDist().pdf(value)
                q_z *= NormalDist(m, s).pdf(value)
            w.append(p_x * p_z / q_z)
            recon -= math.log(p_x) / len(eps[n])
        bound += math.log(sum(w) / len(w))
    return -bound / len(x), recon / len(x), kl / len(x)


@given(networks)
def test_loss_is_what_the_definitions_say_with_and_without_its_gradient(network):
    iwae, x, eps, mask = network
    terms, _ = iwae.loss_and_grads(x, eps, mask)
    # measured over 3,000: 2.4e-15
    assert terms == pytest.approx(loss_written_out(iwae, x, eps, mask), rel=2e-14, abs=2e-14)
    assert terms == iwae.loss(x, eps, mask) == iwae.loss(x, eps, mask, iwae.params)


@given(networks)
def test_it_is_minus_the_log_likelihood_that_as_many_samples_estimate(network):
    # `log_likelihood` has a formula of its own, in which 2π has cancelled.
    iwae, x, *_ = network
    for alone in x[:, None]:
        rng = np.random.default_rng(5)
        found = log_likelihood(iwae, alone, iwae.num_samples, rng=5)[0]
        # measured over 3,000: 1.3e-15
        assert found == pytest.approx(-iwae.sample_loss(alone, rng)[0], rel=1e-14, abs=1e-14)


@given(networks)
def test_recon_and_kl_are_those_of_the_vae_at_the_same_samples(network):
    iwae, x, eps, mask = network
    _, recon, kl = iwae.loss(x, eps, mask)
    samples = range(eps.shape[1])
    found = np.mean([VAE.loss(iwae, x, eps[:, k], mask=mask) for k in samples], axis=0)
    assert (recon, kl) == pytest.approx(tuple(found[1:]), rel=6e-15)     # measured: 6e-16
    loss, _, _ = iwae.loss(x, eps, mask)
    one_by_one = [iwae.loss(x, eps[:, k:k + 1], mask)[0] for k in samples]
    # the logarithm of a mean is at least the mean of the logarithms
    assert loss <= np.mean(one_by_one) + 1e-13 * abs(loss)


@given(networks)
def test_a_repeated_sample_gives_the_bound_of_one(network):
    iwae, x, eps, mask = network
    one, grads_of_one = iwae.loss_and_grads(x, eps[:, :1], mask)
    same, grads = iwae.loss_and_grads(x, np.repeat(eps[:, :1], 5, axis=1), mask)
    # measured over 3,000: 8e-16, 6e-16
    assert same == pytest.approx(one, rel=8e-15, abs=8e-15)
    scale = np.linalg.norm(joined(grads_of_one))
    for name in grads:
        assert norm_error(grads[name], grads_of_one[name], at_least=scale) <= 6e-15


@given(networks, seeds)
def test_the_order_of_samples_and_of_rows_does_not_matter(network, seed):
    iwae, x, eps, mask = network
    rng = np.random.default_rng(seed)
    terms, grads = iwae.loss_and_grads(x, eps, mask)
    rows = rng.permutation(len(x))
    shuffled = np.stack([rng.permutation(eps[n]) for n in rows])
    again, same = iwae.loss_and_grads(x[rows], shuffled, None if mask is None else mask[rows])
    # measured over 3,000: 7e-16, 7e-16
    assert again == pytest.approx(terms, rel=7e-15, abs=7e-15)
    scale = np.linalg.norm(joined(grads))
    for name in grads:
        assert norm_error(same[name], grads[name], at_least=scale) <= 7e-15


@given(networks, seeds)
def test_sampled_losses_are_those_of_the_noise_that_the_generator_draws(network, seed):
    iwae, x, eps, mask = network
    eps = np.random.default_rng(seed).standard_normal(eps.shape)
    terms, grads = iwae.loss_and_grads(x, eps, mask)
    rng = np.random.default_rng(seed)
    assert iwae.sample_loss(x, rng, 1, mask) == terms
    out = {name: np.empty_like(param) for name, param in iwae.params.items()}
    again, same = iwae.sample_loss_and_grads(x, np.random.default_rng(seed), mask=mask, out=out)
    assert again == terms
    assert all(same[name] is out[name] for name in grads)
    assert all(np.array_equal(same[name], grads[name]) for name in grads)
    twin = np.random.default_rng(seed)
    twin.standard_normal(eps.shape)
    assert rng.random() == twin.random()                 # K noises for each code, and no more


# ---------------------------------------------------------------------- the bound

def iwae_of(vae):
    """The IWAE with the parameters of a VAE."""
    iwae = IWAE(**vae.settings)
    iwae.params = vae.params
    return iwae


@pytest.mark.parametrize("num_samples", [1, 2, 7])
@pytest.mark.parametrize("seed", range(4))
def test_every_bound_is_log_p_at_the_exact_posterior(seed, num_samples):
    # There p(x, z) / q(z given x) is p(x), whatever z: the noise does not matter, nor does K.
    vae, log_p, x = exact(seed=seed)
    eps = np.random.default_rng(seed).standard_normal((len(x), num_samples, 3))
    loss, _, _ = iwae_of(vae).loss(x, eps)
    assert loss == pytest.approx(-log_p(x).mean(), rel=0, abs=5e-14)
    # asked for: 1e-12; measured over 150: 5e-15


@pytest.mark.parametrize("seed", range(4))
def test_at_the_exact_posterior_the_score_alone_is_left_in_the_encoders_gradient(seed):
    # No z is better than another there. What moves the loss is q's own density at the samples,
    # whose weights are equal: ∂log q / ∂μ = ε / σ, ∂log q / ∂log σ² = ½ (ε² - 1); 0 on average.
    vae, _, x = exact(seed=seed)
    eps = np.random.default_rng(seed).standard_normal((1, 7, 3))
    _, grads = iwae_of(vae).loss_and_grads(x[:1], eps)
    std = np.exp(0.5 * vae.params["b_logvar"])
    # measured over 50: 6e-14
    np.testing.assert_allclose(grads["b_mu"], (eps[0] / std).mean(axis=0), rtol=0, atol=6e-13)
    np.testing.assert_allclose(grads["b_logvar"], 0.5 * (eps[0] ** 2 - 1).mean(axis=0), rtol=0,
                               atol=6e-13)


def test_the_bounds_rise_from_the_vaes_to_log_p():
    vae, log_p, x = exact()
    kl, variance = spoil(vae)
    iwae, runs = iwae_of(vae), 30
    means, errors = [log_p(x).mean() - kl], [0.0]                # the ELBO has no error here
    for num_samples in (1, 2, 5, 20, 100):
        rng = np.random.default_rng(num_samples)
        shape = len(x), num_samples, 3
        bounds = [-iwae.loss(x, rng.standard_normal(shape))[0] for _ in range(runs)]
        means.append(np.mean(bounds))
        errors.append(np.std(bounds, ddof=1) / np.sqrt(runs))
    means, errors = np.append(means, log_p(x).mean()), np.append(errors, 0.0)
    apart = np.hypot(errors[1:], errors[:-1])
    assert np.all(np.diff(means)[1:-1] > 4 * apart[1:-1]), (means, errors)
    assert means[-1] - means[-2] > -4 * apart[-1]
    # L_1 is the ELBO, on average; K samples leave Var w / (2 K (E w)²) to log p, up to 1/K²
    # (Nowozin 2018, proposition 1).
    below, band = means[-1] - means, 4 * errors
    assert abs(below[1] - kl) < band[1] < kl / 4
    assert abs(below[4] - variance / 40) < band[4] < variance / 80


def test_one_sample_is_a_vae_whose_kl_is_estimated_with_more_noise_in_its_gradient():
    # log q(z given x) - log p(z) in the place of its mean, the KL divergence: the same expectation.
    S = 4000
    iwae, x, *_ = make(seed=1, N=1, K=1)
    noise = np.random.default_rng(2).standard_normal((S, 1, 1, Z))
    found = {}
    for name, gradient in (("VAE", lambda eps: VAE.loss_and_grads(iwae, x, eps[:, 0])),
                           ("IWAE", lambda eps: iwae.loss_and_grads(x, eps))):
        rows = []
        for eps in noise:
            (loss, _, _), grads = gradient(eps)
            rows.append([loss, *grads["b_mu"], *grads["b_logvar"]])      # of one x: dmu, dlogvar
        found[name] = np.array(rows)
    apart = found["IWAE"] - found["VAE"]
    error = apart.std(axis=0, ddof=1) / np.sqrt(S)
    assert np.all(np.abs(apart.mean(axis=0)) < 4 * error) and np.all(error > 0)
    ratio = found["IWAE"].var(axis=0) / found["VAE"].var(axis=0)
    # measured over six networks: dmu 110 to 370 times the variance, dlogvar 45 to 920 times
    assert np.all(ratio[1:] > 10), ratio


# ---------------------------------------------------------------------- masks and extremes

@settings(max_examples=30)
@given(networks, st.sampled_from([0.0, 1.0, np.nan, np.inf, -5.0]))
def test_what_lies_under_the_mask_cannot_matter(network, anything):
    iwae, x, eps, _ = network
    mask = np.random.default_rng(0).random(x.shape) < 0.5
    terms, grads = iwae.loss_and_grads(x, eps, mask)
    hidden = np.where(mask, x, anything)
    again, same = iwae.loss_and_grads(hidden, eps, mask)
    assert again == terms == iwae.loss(hidden, eps, mask)
    assert all(np.array_equal(same[name], grads[name]) for name in grads)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_logits_and_weights_stay_finite_and_silent(dtype):
    iwae, x, eps, _ = make(dtype=dtype)
    x = np.round(x)
    for param in iwae.params.values():
        param[...] = 0
    iwae.params["W4"][0], iwae.params["b3"][0] = 3000, 1         # log w: thousands below 0
    for logit in (-1000, 1000):
        for logvar in (-80, 0, 10):
            iwae.params["b4"][...], iwae.params["b_logvar"][...] = logit, logvar
            iwae.params["W3"][:, 0] = 1                          # and thousands apart
            with silence_required():
                (loss, recon, kl), grads = iwae.loss_and_grads(x, eps)
            assert recon > 1000 and np.isfinite([loss, recon, kl]).all()
            assert all(np.isfinite(grad).all() for grad in grads.values())


# ---------------------------------------------------------------------- the protocol

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_dtype_is_kept(dtype, likelihood):
    iwae, x, eps, mask = make(dtype=dtype, likelihood=likelihood, masked=True, x_std=np.float64(.5))
    x, eps = x.astype(np.float64), eps.astype(np.float64)        # cast on entry
    terms, grads = iwae.loss_and_grads(x, eps, mask)
    results = [*terms, *grads.values(), *iwae.loss(x, eps, mask), *iwae.forward(x, eps[:, 0]),
               iwae.generate(2), iwae.reconstruct(x), *iwae.params.values()]
    assert {result.dtype for result in results} == {np.dtype(dtype)}
    complex_params = {name: param + 0j for name, param in iwae.params.items()}
    assert {term.dtype
            for term in iwae.loss(x, eps, params=complex_params)} == {np.result_type(dtype, 1j)}


def test_nothing_given_is_changed():
    iwae, x, eps, mask = make(masked=True)
    given_arrays = {"x": x, "eps": eps, "mask": mask, **iwae.params}
    kept = {name: array.copy() for name, array in given_arrays.items()}
    iwae.loss_and_grads(x, eps, mask)
    iwae.loss(x, eps, mask)
    assert all(np.array_equal(given_arrays[name], kept[name]) for name in kept)


def test_gradients_can_be_written_into_arrays_of_the_caller():
    iwae, x, eps, _ = make()
    terms, grads = iwae.loss_and_grads(x, eps)
    out = {name: np.full_like(param, np.nan) for name, param in iwae.params.items()}
    again, same = iwae.loss_and_grads(x, eps, out=out)
    assert again == terms and list(same) == list(iwae.params) == list(grads)
    for name in grads:
        assert same[name] is out[name] and np.array_equal(out[name], grads[name])
    with pytest.raises(InvalidValueError, match="^out: .*missing: W1"):
        iwae.loss_and_grads(x, eps, out={})


def test_no_gradient_is_computed_for_the_data(monkeypatch):
    asked = []

    def recorded(dy, x, W, *rest):
        dx, dW, db = dense_backward(dy, x, W, *rest)
        asked.append((dx is not None, len(x)))
        return dx, dW, db
    monkeypatch.setattr("numpyvae.importance.dense_backward", recorded)
    iwae, x, eps, _ = make()
    iwae.loss_and_grads(x, eps)
    # W4 and W3 work on the samples, W_logvar, W_mu and W1 on the examples; x is data
    assert asked == [(True, N * K), (True, N * K), (True, N), (True, N), (False, N)]


def test_the_memory_of_a_step_is_what_the_docstring_says():
    iwae, x, eps, mask = make(0, 32, 784, 400, 20, 20, masked=True, dtype=np.float32)
    out = {name: np.empty_like(param) for name, param in iwae.params.items()}
    iwae.loss_and_grads(x, eps, mask, out)
    tracemalloc.start()
    try:
        iwae.loss_and_grads(x, eps, mask, out)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "about eight arrays of N K D numbers" in " ".join(IWAE.__doc__.split())
    assert peak < 8 * 32 * 20 * 784 * 4                          # measured: 7.5


# ---------------------------------------------------------------------- the network itself

def test_it_starts_as_the_vae_of_the_same_seed():
    iwae, vae = IWAE(rng=5), VAE(rng=5)
    assert iwae.settings == {**vae.settings, "num_samples": 5}
    assert all(np.array_equal(iwae.params[name], vae.params[name]) for name in vae.params)
    assert IWAE(D, H, Z, num_samples=np.int64(7)).num_samples == 7
    assert np.array_equal(IWAE().params["W1"], IWAE(rng=0).params["W1"])


@pytest.mark.parametrize("options",
                         [{}, {"likelihood": "gaussian", "x_std": 0.3, "dtype": np.float32}])
def test_save_and_load(tmp_path, options):
    iwae, x, eps, _ = make(K=7, **options)
    iwae.save(tmp_path / "iwae.npz")
    again = IWAE.load(tmp_path / "iwae.npz")
    assert again.settings == iwae.settings and again.num_samples == 7
    assert again.loss(x, eps) == iwae.loss(x, eps)
    Adam(again.params).step(again.loss_and_grads(x, eps)[1])     # and it can be trained on


def test_the_models_do_not_take_each_others_files(tmp_path):
    for own, other in ((VAE, IWAE), (IWAE, VAE)):
        other(D, H, Z).save(tmp_path / "network.npz")
        with pytest.raises(CheckpointError, match=f"expected a saved {own.__name__}, got "
                           f"{other.__name__}"):
            own.load(tmp_path / "network.npz")


def test_its_names_for_pytorch_are_the_vaes():
    iwae, *_ = make()
    arrays = iwae.to_torch_names()
    assert list(arrays) == list(VAE(D, H, Z).to_torch_names())
    again = IWAE.from_torch_names(arrays)
    assert all(np.array_equal(again.params[name], param) for name, param in iwae.params.items())


# ---------------------------------------------------------------------- bad input

GOOD = {"x": np.full((N, D), 0.5), "eps": np.zeros((N, K, Z))}
EPS = r"^eps: expected shape \(3, K, 2\), K samples of each example and at least one, got "


@pytest.mark.parametrize("change, error, message", [
    ({"eps": np.zeros((N, 0, Z))}, InvalidValueError, EPS + r"\(3, 0, 2\)"),
    ({"eps": np.zeros((N, Z))}, InvalidValueError, EPS + r"\(3, 2\)"),
    ({"eps": np.zeros((K, N, Z))}, InvalidValueError, EPS + r"\(4, 3, 2\)"),
    ({"eps": np.zeros((N, K, Z + 1))}, InvalidValueError, EPS + r"\(3, 4, 3\)"),
    ({"eps": np.zeros((N, K, Z, 1))}, InvalidValueError, EPS + r"\(3, 4, 2, 1\)"),
    ({"eps": 0.5}, InvalidValueError, EPS + r"\(\)"),
    ({"eps": None}, InvalidValueError, EPS + r"\(\)"),
    ({"eps": np.full((N, K, Z), np.nan)}, InvalidValueError, "eps: expected finite"),
    ({"eps": np.full((N, K, Z), "0")}, InvalidTypeError, "eps: expected an array of real numbers"),
    ({"x": np.zeros((N, D + 1))}, InvalidValueError, r"x: expected shape \(N, 7\)"),
    ({"x": np.zeros((0, D))}, InvalidValueError, "x: expected at least one example"),
    ({"x": np.full((N, D), 1.5)}, InvalidValueError, r"x: expected values in \[0, 1\]"),
    ({"mask": np.ones((N, D))}, InvalidTypeError, "mask: expected booleans"),
    ({"mask": np.ones((N, K, D), bool)}, InvalidValueError,
     r"mask: expected the shape of x, \(3, 7\), got \(3, 4, 7\)")])
@pytest.mark.parametrize("function", ["loss", "loss_and_grads"])
def test_bad_batches_are_refused_in_words(function, change, error, message):
    with pytest.raises(error, match=message):
        getattr(IWAE(D, H, Z), function)(**{**GOOD, **change})


@pytest.mark.parametrize("call, error, message", [
    (lambda iwae, rng: iwae.sample_loss(GOOD["x"], rng, 0.5), InvalidValueError,
     r"^beta: expected 1 \(the bound of an IWAE has no KL term to weigh\), got 0.5"),
    (lambda iwae, rng: iwae.sample_loss_and_grads(GOOD["x"], rng, 0), InvalidValueError,
     "^beta: expected 1 .*, got 0"),
    (lambda iwae, rng: IWAE(D, H, Z, num_samples=0), InvalidValueError,
     "^num_samples: expected a whole number above 0"),
    (lambda iwae, rng: IWAE(D, H, Z, num_samples=2.5), InvalidTypeError, "^num_samples: expected"),
    (lambda iwae, rng: IWAE(likelihood="poisson"), InvalidValueError, "^likelihood: expected one"),
    (lambda iwae, rng: iwae.loss(**GOOD, params={}), InvalidValueError, "^params: .*missing: W1")])
def test_other_bad_arguments_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call(IWAE(D, H, Z), np.random.default_rng(0))

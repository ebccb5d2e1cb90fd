"""The conditional VAE: its gradient by the complex step and by PyTorch; its loss by definition, as
that of a VAE where all means are 0, and as a bound of log p(x given y).
"""
import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import element_error, exact, norm_error, seeds, silence_required, sizes
from numpyvae import VAE, Adam, ConditionalVAE, check_gradients, numeric_gradient
from numpyvae.errors import CheckpointError, InvalidTypeError, InvalidValueError
from numpyvae.latent import kl_to_class
from numpyvae.layers import dense_backward

N, D, H, Z, C = 6, 7, 5, 2, 3


def make(seed=0, N=N, D=D, H=H, Z=Z, C=C, masked=False, dtype=np.float64, **options):
    """A network with a batch for it  ->  cvae, x, y, eps, mask."""
    rng = np.random.default_rng(seed)
    cvae = ConditionalVAE(D, H, Z, C, rng=rng, dtype=dtype, **options)
    cvae.params["M"] *= 10                           # a trained network's are large
    x, eps = rng.random((N, D)).astype(dtype), rng.standard_normal((N, Z)).astype(dtype)
    mask = rng.random((N, D)) < 0.7 if masked else None
    return cvae, x, rng.integers(0, C, N), eps, mask


networks = st.builds(make, seed=seeds, N=sizes, D=sizes, H=st.integers(2, 8), Z=st.integers(1, 4),
                     C=st.integers(1, 4), masked=st.booleans(),
                     likelihood=st.sampled_from(["bernoulli", "gaussian"]), x_std=st.floats(0.2, 2))
betas = st.sampled_from([1.0, 0.25, 3.0])


def joined(blocks):
    return np.concatenate([block.ravel() for block in blocks.values()])


# ---------------------------------------------------------------------- the gradient

def test_gradient_against_the_complex_step_on_300_small_networks():
    # The same 300 every time: of a block whose terms happen to cancel, the relative error has no
    # bound.
    flowing = dict.fromkeys(ConditionalVAE(1, 1, 1, 1).params, 0)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        sizes = *rng.integers(1, 7, 2), rng.integers(2, 9), rng.integers(1, 5), rng.integers(1, 5)
        cvae, x, y, eps, mask = make(seed, *sizes, masked=bool(seed % 2),
                                     likelihood=["bernoulli", "gaussian"][seed // 2 % 2],
                                     x_std=rng.uniform(0.2, 2))
        beta = (1.0, 0.25, 3.0)[seed % 3]
        _, grads = cvae.loss_and_grads(x, y, eps, beta, mask)

        def loss_of(name):
            return lambda array: cvae.loss(x, y, eps, beta, mask, {**cvae.params, name: array})[0]
        numeric = {name: numeric_gradient(loss_of(name), param, "complex")
                   for name, param in cvae.params.items()}
        # asked for: 1e-13 of all together; measured: 4e-16, and by block 5e-15, 2e-13
        assert norm_error(joined(grads), joined(numeric)) <= 4e-15
        for name, grad in grads.items():
            assert norm_error(grad, numeric[name]) <= 5e-14
            assert element_error(grad, numeric[name]) <= 2e-12
            flowing[name] += numeric[name].any()
    assert min(flowing.values()) > 200, "vacuous cases: everything masked, all units shut"


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("seed", range(3))
def test_gradient_of_the_blogs_sizes_along_random_directions(seed, likelihood):
    cvae, x, y, eps, mask = make(seed, 8, 784, 400, 20, 10, masked=seed % 2, likelihood=likelihood,
                                 x_std=0.5)
    _, grads = cvae.loss_and_grads(x, y, eps, mask=mask)
    report = check_gradients(lambda params: cvae.loss(x, y, eps, mask=mask, params=params)[0],
                             cvae.params, grads, "complex", rng=seed, show=False)
    assert report.ok and len(report.rows) == 12 and all(row.numeric for row in report.rows)
    assert report.max_error <= 2e-13                             # measured over 40 networks: 2e-14


FOLDER = Path(__file__).parent / "reference"
with np.load(FOLDER / "torch_relatives.npz") as file:
    REFERENCE = {key: file[key] for key in file.files if not key.startswith("IWAE")}
CASES = [key.removesuffix("/loss") for key in REFERENCE if key.endswith("/loss")]


def on_file(prefix):
    """The arrays whose keys are `prefix` and one more name, by that name."""
    return {key.rsplit("/", 1)[1]: array for key, array in REFERENCE.items()
            if key.rsplit("/", 1)[0] == prefix}


@pytest.mark.parametrize("case", CASES)
def test_losses_and_gradients_are_pytorchs(case):
    _, likelihood, pixels, beta = case.split("/")
    cvae = ConditionalVAE.from_torch_names(on_file("ConditionalVAE"), likelihood,
                                           float(REFERENCE["x_std"]))
    mask = REFERENCE["mask"] if pixels == "masked" else None
    terms, grads = cvae.loss_and_grads(REFERENCE["x"], REFERENCE["y"], REFERENCE["eps"],
                                       float(beta), mask)
    expected = on_file(case)
    # asked for: 1e-12; measured: losses 3e-16, gradients by block 7e-16
    np.testing.assert_allclose(terms, expected.pop("loss"), rtol=3e-15)
    cvae.params = grads
    found = cvae.to_torch_names()
    assert list(found) == list(expected)
    for name, grad in found.items():
        assert np.linalg.norm(expected[name]) > 1e-2, "a vacuous case: nothing flows there"
        assert norm_error(grad, expected[name]) <= 7e-15


def test_the_whole_file_is_compared_and_the_script_names_the_version_that_it_is_from():
    assert len(CASES) == 8 and len(on_file("ConditionalVAE")) == 11
    inputs = {"torch", "x_std", "x", "y", "eps", "eps_k", "mask"}
    assert len(REFERENCE) == len(inputs) + 11 + 8 * 12
    script = (FOLDER / "make_torch_relatives.py").read_text(encoding="utf-8")
    assert f"PyTorch {REFERENCE['torch']} " in script
    assert set(REFERENCE["y"]) == {0, 2}                         # a class without an example


def test_float32_gradient_against_float64():
    for seed in range(3):
        cvae, x, y, eps, _ = make(seed, 64, 784, 400, 20, 10)
        single = ConditionalVAE(784, 400, 20, 10, dtype=np.float32)
        single.params = {name: param.astype(np.float32) for name, param in cvae.params.items()}
        _, grads = cvae.loss_and_grads(x, y, eps)
        _, grads32 = single.loss_and_grads(x, y, eps)
        assert norm_error(joined(grads32), joined(grads)) <= 2e-6                # measured: 2e-7


# ---------------------------------------------------------------------- the loss

def loss_written_out(cvae, x, y, eps, beta, mask):
    """The loss by the definitions, one number at a time and in probabilities: an oracle that shares
    no code.
    """
    W1, b1, W_mu, b_mu, W_lv, b_lv, W3, b3, W4, b4, M = (param.tolist()
                                                         for param in cvae.params.values())

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
            if s and cvae.likelihood == "bernoulli":
                p = 1 / (1 + math.exp(-o))
                recon -= pixel * math.log(p) + (1 - pixel) * math.log(1 - p)
            elif s:
                recon -= math.log(NormalDist(o, cvae.x_std).pdf(pixel))
        kl += sum(-0.5 * (1 + v - (m - c) ** 2 - math.exp(v))
                  for m, v, c in zip(mu, logvar, M[y[n]]))
    return (recon + beta * kl) / len(x), recon / len(x), kl / len(x)


@given(networks, betas)
def test_loss_is_what_the_definitions_say_with_and_without_its_gradient(network, beta):
    cvae, x, y, eps, mask = network
    terms, _ = cvae.loss_and_grads(x, y, eps, beta, mask)
    # measured over 3,000: 8e-16
    assert terms == pytest.approx(loss_written_out(cvae, x, y, eps, beta, mask), rel=8e-15,
                                  abs=8e-15)
    assert terms == cvae.loss(x, y, eps, beta, mask)
    assert terms == cvae.loss(x, y, eps, beta, mask, cvae.params)


@settings(max_examples=40)
@given(networks, betas)
def test_with_all_means_zero_it_is_the_vae_to_the_bit(network, beta):
    cvae, x, y, eps, mask = network
    cvae.params["M"][...] = 0
    options = {name: value for name, value in cvae.settings.items() if name != "num_classes"}
    vae = VAE(**options)
    vae.params = {name: param for name, param in cvae.params.items() if name != "M"}
    terms, grads = cvae.loss_and_grads(x, y, eps, beta, mask)
    vae_terms, vae_grads = vae.loss_and_grads(x, eps, beta, mask)
    assert terms == vae_terms
    assert all(np.array_equal(grads[name], vae_grads[name]) for name in vae_grads)
    assert grads["M"].any()                                      # but they would move from there
    assert np.array_equal(cvae.reconstruct(x), vae.reconstruct(x))


@settings(max_examples=40)
@given(networks, betas, seeds)
def test_a_shift_of_all_means_and_of_the_biases_around_z_changes_nothing(network, beta, seed):
    # μ + c, M + c and so z + c: the decoder takes it back by b3 - c W3.
    cvae, x, y, eps, mask = network
    terms, grads = cvae.loss_and_grads(x, y, eps, beta, mask)
    c = np.random.default_rng(seed).standard_normal(cvae.latent_dim)
    p = cvae.params
    cvae.params = {**p, "M": p["M"] + c, "b_mu": p["b_mu"] + c, "b3": p["b3"] - c @ p["W3"]}
    moved, moved_grads = cvae.loss_and_grads(x, y, eps, beta, mask)
    # measured over 3,000: 1e-15, 1.2e-15, 2e-16
    assert moved == pytest.approx(terms, rel=1e-14, abs=1e-14)
    scale = np.linalg.norm(joined(grads))
    for name in set(grads) - {"W3"}:                 # whose input z has moved
        assert norm_error(moved_grads[name], grads[name], at_least=scale) <= 1.2e-14
    # so the loss has no slope that way
    slope = grads["M"].sum(axis=0) + grads["b_mu"] - p["W3"] @ grads["b3"]
    assert np.abs(slope).max() <= 2e-15 * max(1, scale)


@given(networks, seeds)
def test_sampled_losses_are_those_of_the_noise_that_the_generator_draws(network, seed):
    cvae, x, y, _, mask = network
    eps = np.random.default_rng(seed).standard_normal((len(x), cvae.latent_dim))
    terms, grads = cvae.loss_and_grads(x, y, eps, 0.25, mask)
    rng = np.random.default_rng(seed)
    assert cvae.sample_loss(x, rng, 0.25, mask, y) == terms
    out = {name: np.empty_like(param) for name, param in cvae.params.items()}
    again, same = cvae.sample_loss_and_grads(x, np.random.default_rng(seed), 0.25, mask, out, y)
    assert again == terms
    assert all(same[name] is out[name] for name in grads)
    assert all(np.array_equal(same[name], grads[name]) for name in grads)
    twin = np.random.default_rng(seed)
    twin.standard_normal(eps.shape)
    assert rng.random() == twin.random()                 # one noise for each code, and no more
    whole = cvae.loss(x, y, eps, mask=mask)              # β is 1 unless somebody says otherwise
    assert cvae.sample_loss(x, np.random.default_rng(seed), mask=mask, y=y) == whole
    again, _ = cvae.sample_loss_and_grads(x, np.random.default_rng(seed), mask=mask, y=y)
    assert again == whole


@pytest.mark.parametrize("seed", range(4))
def test_it_bounds_log_p_of_x_given_y(seed):
    # log p(x given y) - ELBO = KL(q(z given x), p(z given x, y)). The decoder is linear, so that
    # p(x given y) is log_p of x - M_y A, and p(z given x, y) = N(m + V M_y, V) with the VAE's
    # posterior N(m, V). The 2 Z noises ±√Z e_j give the expectation of the loss exactly.
    vae, log_p, x = exact(seed=seed)
    cvae = ConditionalVAE(6, 6, 3, 4, "gaussian", vae.x_std)
    M = np.random.default_rng(seed).standard_normal((4, 3))
    cvae.params = {**vae.params, "M": M}
    y = np.arange(len(x)) % 4
    A = cvae.decode(np.eye(3)) - cvae.decode(np.zeros((1, 3)))
    mu, logvar = cvae.encode(x)
    V = np.exp(logvar)
    kl = 0.5 * ((V * M[y]) ** 2 / V).sum(axis=1)                 # of N(m, V) from N(m + V M_y, V)
    noises = 3 ** 0.5 * np.vstack([np.eye(3), -np.eye(3)])
    elbo = -np.mean([cvae.loss(x, y, np.tile(eps, (len(x), 1)))[0] for eps in noises])
    assert elbo == pytest.approx((log_p(x - M[y] @ A) - kl).mean(), rel=0, abs=1e-12)
    assert kl.mean() > 0.01


def test_the_loss_is_a_mean_over_the_batch():
    cvae, x, y, eps, _ = make()
    parts = [cvae.loss(x[n:n + 1], y[n:n + 1], eps[n:n + 1]) for n in range(N)]
    assert np.mean(parts, axis=0) == pytest.approx(cvae.loss(x, y, eps), rel=1e-14)
    order = np.random.default_rng(1).permutation(N)
    assert cvae.loss(x[order], y[order], eps[order]) == pytest.approx(cvae.loss(x, y, eps),
                                                                      rel=1e-14)
    assert cvae.loss(x, (y + 1) % C, eps)[0] != cvae.loss(x, y, eps)[0]


@settings(max_examples=30)
@given(networks, st.sampled_from([0.0, 1.0, np.nan, np.inf, -5.0]))
def test_what_lies_under_the_mask_cannot_matter(network, anything):
    cvae, x, y, eps, _ = network
    mask = np.random.default_rng(0).random(x.shape) < 0.5
    terms, grads = cvae.loss_and_grads(x, y, eps, 1.0, mask)
    hidden = np.where(mask, x, anything)
    again, same = cvae.loss_and_grads(hidden, y, eps, 1.0, mask)
    assert again == terms == cvae.loss(hidden, y, eps, 1.0, mask)
    assert all(np.array_equal(same[name], grads[name]) for name in grads)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_logits_means_and_variances_stay_finite_and_silent(dtype):
    cvae, x, y, eps, _ = make(dtype=dtype)
    x = np.round(x)
    for param in cvae.params.values():
        param[...] = 0
    cvae.params["M"][...] = 1000
    for logit in (-1000, 1000):
        for logvar in (-80, 0, 80):
            cvae.params["b4"][...], cvae.params["b_logvar"][...] = logit, logvar
            with silence_required():
                (loss, recon, kl), grads = cvae.loss_and_grads(x, y, eps)
            assert recon == pytest.approx(1000 * np.sum(x == (logit < 0)) / N, rel=1e-6)
            assert kl == pytest.approx(Z * 0.5 * (1e6 + np.expm1(float(logvar)) - logvar), rel=1e-5)
            assert loss == pytest.approx(recon + kl, rel=1e-6)
            assert all(np.isfinite(grad).all() for grad in grads.values())


# ---------------------------------------------------------------------- the protocol

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_dtype_is_kept(dtype, likelihood):
    cvae, x, y, eps, mask = make(dtype=dtype, likelihood=likelihood, masked=True,
                                 x_std=np.float64(0.5))
    x, eps = x.astype(np.float64), eps.astype(np.float64)        # cast on entry
    terms, grads = cvae.loss_and_grads(x, y.astype(np.uint8), eps, np.float64(2.0), mask)
    results = [*terms, *grads.values(), *cvae.loss(x, y, eps, 2, mask), *cvae.forward(x, eps),
               cvae.generate(y), cvae.reconstruct(x), *cvae.params.values()]
    assert {result.dtype for result in results} == {np.dtype(dtype)}
    complex_params = {name: param + 0j for name, param in cvae.params.items()}
    assert {term.dtype for term
            in cvae.loss(x, y, eps, params=complex_params)} == {np.result_type(dtype, 1j)}


def test_nothing_given_is_changed():
    cvae, x, y, eps, mask = make(masked=True)
    given_arrays = {"x": x, "y": y, "eps": eps, "mask": mask, **cvae.params}
    kept = {name: array.copy() for name, array in given_arrays.items()}
    cvae.loss_and_grads(x, y, eps, 1.0, mask)
    cvae.loss(x, y, eps, 1.0, mask)
    cvae.classify(x)
    cvae.generate(y)
    assert all(np.array_equal(given_arrays[name], kept[name]) for name in kept)


def test_gradients_can_be_written_into_arrays_of_the_caller():
    cvae, x, y, eps, _ = make()
    terms, grads = cvae.loss_and_grads(x, y, eps)
    out = {name: np.full_like(param, np.nan) for name, param in cvae.params.items()}
    again, same = cvae.loss_and_grads(x, y, eps, out=out)
    assert again == terms and list(same) == list(cvae.params) == list(grads)
    for name in grads:
        assert same[name] is out[name] and np.array_equal(out[name], grads[name])
        assert not np.shares_memory(grads[name], cvae.params[name])


@pytest.mark.parametrize("spoil, message", [
    (lambda out: out.pop("M"), "^out: .*missing: M"),
    (lambda out: out.update(M=np.zeros((C, Z), np.float32)), r"out\['M'\]: expected dtype float64"),
    (lambda out: out.update(M=np.zeros((Z, C))), r"out\['M'\]: expected shape \(3, 2\)"),
    (lambda out: out.update(b1=out["M"].reshape(-1)[:H]), "of its own, got one that shares")])
def test_an_out_that_cannot_take_the_gradients_is_refused(spoil, message):
    cvae, x, y, eps, _ = make()
    out = {name: np.zeros_like(param) for name, param in cvae.params.items()}
    spoil(out)
    with pytest.raises(InvalidValueError, match=message):
        cvae.loss_and_grads(x, y, eps, out=out)


def test_no_gradient_is_computed_for_the_data(monkeypatch):
    asked = []

    def recorded(dy, x, W, *rest):
        dx, dW, db = dense_backward(dy, x, W, *rest)
        asked.append(dx is not None)
        return dx, dW, db
    monkeypatch.setattr("numpyvae.conditional.dense_backward", recorded)
    cvae, x, y, eps, _ = make()
    cvae.loss_and_grads(x, y, eps)
    # W4, W3, W_logvar, W_mu, and last W1: x is data
    assert asked == [True, True, True, True, False]


# ---------------------------------------------------------------------- what it is good for

def test_generate_decodes_a_draw_from_the_prior_of_each_label():
    cvae, *_ = make()
    y = [2, 0, 0, 1, 2]
    images = cvae.generate(y, rng=3)
    eps = np.random.default_rng(3).standard_normal((5, Z))
    assert np.array_equal(images, cvae.decode(cvae.params["M"][y] + eps)) and images.shape == (5, D)
    assert np.array_equal(cvae.generate(y, rng=np.random.default_rng(3)), images)
    assert not np.array_equal(cvae.generate(y, rng=4), images)
    assert np.array_equal(cvae.generate(y), cvae.generate(y, rng=0))


@pytest.mark.parametrize("label", range(3))
def test_generated_examples_have_the_moments_of_their_classs_prior(label):
    vae, _, _ = exact()
    cvae = ConditionalVAE(6, 6, 3, 3, "gaussian", vae.x_std, rng=1)
    cvae.params = {**vae.params, "M": cvae.params["M"] * 20}
    S, A = 40_000, cvae.decode(np.eye(3)) - cvae.decode(np.zeros((1, 3)))
    found = cvae.generate(np.full(S, label), rng=label)
    mean, covariance = cvae.decode(cvae.params["M"][[label]])[0], A.T @ A
    variance = np.diag(covariance)
    assert np.all(np.abs(found.mean(axis=0) - mean) < 4 * np.sqrt(variance / S))
    error = np.sqrt((np.outer(variance, variance) + covariance ** 2) / S)
    assert np.all(np.abs(np.cov(found.T, bias=True) - covariance) < 4.5 * error)


@given(networks)
def test_classify_names_the_class_of_the_smallest_kl(network):
    cvae, x, *_ = network
    mu, logvar = cvae.encode(x)
    kl = [kl_to_class(mu, logvar, cvae.params["M"], np.full(len(x), c))
          for c in range(cvae.num_classes)]
    named = cvae.classify(x)
    assert named.shape == (len(x),) and named.dtype.kind == "i"
    assert np.array_equal(named, np.argmin(kl, axis=0))


def test_classify_finds_the_classes_of_codes_that_lie_at_the_means():
    cvae, x, *_ = make()
    cvae.params["M"] = cvae.encode(x[[4, 0, 2]])[0]
    assert cvae.classify(x[[0, 2, 4]]).tolist() == [1, 2, 0]


# ---------------------------------------------------------------------- the network itself

def test_it_starts_as_the_vae_of_the_same_seed_with_small_random_means():
    cvae, vae = ConditionalVAE(rng=5), VAE(rng=5)
    assert list(cvae.params) == [*vae.params, "M"]
    assert all(np.array_equal(cvae.params[name], vae.params[name]) for name in vae.params)
    M = cvae.params["M"]
    assert M.shape == (10, 20) and cvae.num_classes == 10
    assert np.array_equal(ConditionalVAE().params["M"], ConditionalVAE(rng=0).params["M"])
    assert ConditionalVAE().settings == {**VAE().settings, "num_classes": 10}
    error = 0.1 / math.sqrt(M.size)
    assert abs(M.mean()) < 4 * error and abs(M.std() - 0.1) < 4 * error / math.sqrt(2)
    assert np.array_equal(M, ConditionalVAE(rng=5).params["M"])
    assert not np.array_equal(M, ConditionalVAE(rng=6).params["M"])


@pytest.mark.parametrize("options",
                         [{}, {"likelihood": "gaussian", "x_std": 0.3, "dtype": np.float32}])
def test_save_and_load(tmp_path, options):
    cvae, x, y, eps, _ = make(**options)
    cvae.save(tmp_path / "cvae.npz")
    again = ConditionalVAE.load(tmp_path / "cvae.npz")
    assert again.settings == cvae.settings and list(again.params) == list(cvae.params)
    assert again.loss(x, y, eps) == cvae.loss(x, y, eps)
    Adam(again.params).step(again.loss_and_grads(x, y, eps)[1])          # and it can be trained on


def test_the_models_do_not_take_each_others_files(tmp_path):
    for own, other in ((VAE, ConditionalVAE), (ConditionalVAE, VAE)):
        other(D, H, Z).save(tmp_path / "network.npz")
        with pytest.raises(CheckpointError, match=f"expected a saved {own.__name__}, got "
                           f"{other.__name__}"):
            own.load(tmp_path / "network.npz")


@pytest.mark.parametrize("classes, message", [(2, r"M: expected float64 of shape \(2, 2\)"),
                                              (10 ** 12, "M: expected float64 of shape"),
                                              ("three", "M: expected float64 of shape")])
def test_a_file_whose_classes_are_not_its_settings_is_refused(tmp_path, classes, message,
                                                              monkeypatch):
    cvae, *_ = make()
    settings = {**cvae.settings, "num_classes": classes}
    monkeypatch.setattr(ConditionalVAE, "settings", settings)
    cvae.save(tmp_path / "cvae.npz")
    with pytest.raises(CheckpointError, match=message):
        ConditionalVAE.load(tmp_path / "cvae.npz")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pytorchs_names_there_and_back_to_the_bit(dtype):
    cvae, *_ = make(dtype=dtype, likelihood="gaussian", x_std=0.3)
    arrays = cvae.to_torch_names()
    assert list(arrays)[-1] == "class_mean.weight" and len(arrays) == 11
    assert np.array_equal(arrays["class_mean.weight"], cvae.params["M"])
    assert not np.shares_memory(arrays["class_mean.weight"], cvae.params["M"])
    again = ConditionalVAE.from_torch_names(arrays, "gaussian", 0.3)
    assert again.settings == cvae.settings
    assert all(np.array_equal(again.params[name], param) for name, param in cvae.params.items())


@pytest.mark.parametrize("change, message", [
    ({"class_mean.weight": np.zeros((C, 5))}, r"\['class_mean.weight'\]: expected shape \(3, 2\)"),
    ({"class_mean.weight": np.zeros(Z)}, r"class_mean.weight of shape \(C, Z\), got \(2,\)"),
    ({"class_mean.weight": np.zeros((0, Z))}, "num_classes: expected a whole number above 0"),
    ({"class_mean.weight": np.zeros((C, Z), np.float32)}, "got others in class_mean"),
    ({"class_mean.weight": np.full((C, Z), np.nan)}, "finite .* got others in class_mean"),
    ({"class_mean.bias": np.zeros(Z)}, "unknown: class_mean.bias")])
def test_arrays_that_are_no_such_network_are_refused(change, message):
    arrays = make()[0].to_torch_names()
    with pytest.raises(InvalidValueError, match=message):
        ConditionalVAE.from_torch_names({**arrays, **change})
    with pytest.raises(InvalidValueError, match="missing: class_mean.weight"):
        ConditionalVAE.from_torch_names(VAE(D, H, Z).to_torch_names())


# ---------------------------------------------------------------------- bad input

GOOD = {"x": np.full((N, D), 0.5), "y": np.arange(N) % C, "eps": np.zeros((N, Z))}


@pytest.mark.parametrize("change, error, message", [
    ({"y": None}, InvalidValueError, "^y: expected a label for each example, got none"),
    ({"y": []}, InvalidValueError, "^y: expected a label for each example, got none"),
    ({"y": np.zeros(N - 1, int)}, InvalidValueError,
     r"^y: expected shape \(6,\), one label for each example, got \(5,\)"),
    ({"y": np.zeros((N, 1), int)}, InvalidValueError, r"^y: expected shape \(6,\), .*got \(6, 1\)"),
    ({"y": 1}, InvalidValueError, r"^y: expected shape \(6,\), .*got \(\)"),
    ({"y": np.arange(N)}, InvalidValueError, "^y: expected labels from 0 to 2, got 0 to 5"),
    ({"y": np.arange(N) % C - 1}, InvalidValueError, "^y: .*from 0 to 2, got -1 to 1"),
    ({"y": np.zeros(N)}, InvalidTypeError, "^y: .*whole numbers, got dtype float64"),
    ({"y": ["3"] * N}, InvalidTypeError, "^y: .*whole numbers, got dtype <U1"),
    ({"y": np.zeros(N, bool)}, InvalidTypeError, "^y: .*whole numbers, got dtype bool"),
    ({"x": np.zeros((N, D + 1))}, InvalidValueError, r"x: expected shape \(N, 7\)"),
    ({"x": np.full((N, D), 1.5)}, InvalidValueError, r"x: expected values in \[0, 1\]"),
    ({"eps": np.zeros((N, Z + 1))}, InvalidValueError, r"eps: expected shape \(6, 2\)"),
    ({"beta": -1}, InvalidValueError, "beta: expected a finite number of at least 0"),
    ({"mask": np.ones((N, D))}, InvalidTypeError, "mask: expected booleans"),
    ({"mask": np.ones((N, D - 1), bool)}, InvalidValueError,
     r"mask: expected the shape of x, \(6, 7\), got \(6, 6\)")])
@pytest.mark.parametrize("function", ["loss", "loss_and_grads"])
def test_bad_batches_are_refused_in_words(function, change, error, message):
    with pytest.raises(error, match=message):
        getattr(ConditionalVAE(D, H, Z, C), function)(**{**GOOD, **change})


@pytest.mark.parametrize("call, error, message", [
    (lambda cvae: cvae.sample_loss(GOOD["x"], np.random.default_rng(0)), InvalidValueError,
     "y: expected a label for each example"),
    (lambda cvae: cvae.sample_loss_and_grads(GOOD["x"], np.random.default_rng(0)),
     InvalidValueError, "y: expected a label for each example"),
    (lambda cvae: cvae.generate([3]), InvalidValueError, "y: expected labels from 0 to 2, got 3"),
    (lambda cvae: cvae.generate(3), InvalidValueError, r"y: expected shape \(N,\), .*got \(\)"),
    (lambda cvae: cvae.generate([]), InvalidValueError, "y: expected a label"),
    (lambda cvae: cvae.generate([1.0]), InvalidTypeError, "y: expected labels that are whole"),
    (lambda cvae: cvae.generate([1], rng=-1), InvalidTypeError, "rng: expected a seed"),
    (lambda cvae: cvae.classify(GOOD["x"][:, 1:]), InvalidValueError, "x: expected shape"),
    (lambda cvae: ConditionalVAE(num_classes=0), InvalidValueError,
     "num_classes: expected a whole number above 0"),
    (lambda cvae: ConditionalVAE(num_classes=2.0), InvalidTypeError, "num_classes: expected a"),
    (lambda cvae: ConditionalVAE(rng="seven"), InvalidTypeError, "rng: expected a seed"),
    (lambda cvae: cvae.loss(**GOOD, params=VAE(D, H, Z).params), InvalidValueError, "missing: M")])
def test_other_bad_arguments_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call(ConditionalVAE(D, H, Z, C))

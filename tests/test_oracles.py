"""Every forward has an oracle of its own, since no gradient check sees a forward that is wrong with
its backward.

    forward                            oracle                         test, as its name begins
    ---------------------------------  -----------------------------  ------------------------------
    layers.dense                       the sum written out            layers: dense_is_the_sum
    layers.relu                        its definition, in numbers     layers: relu_and_its_backward
    layers.magnitude                   `np.abs`                       layers: magnitude_is_the
    layers.sigmoid                     60 decimal digits              layers: sigmoid_against_exact
    latent.reparameterize              E[z], Cov[z] of exact noise    latent: noise_of_exact_moments
    latent.reparameterize              E[z], Var[z] of samples        latent: samples_have_the
    latent.kl_per_dim                  ∫ q (log q - log p) dz         latent: kl_on_a_grid
    latent.kl_divergence               the same, summed               latent: kl_on_a_grid
    latent.kl_to_class                 the same, around M_y           latent: kl_to_class_is_the
    latent.log_prior                   the library's density          latent: log_densities_are
    latent.log_posterior               the library's density          latent: log_densities_are
    likelihoods.observed               what was observed is there     likelihoods: unseen_pixels
    Likelihood.neg_log_p               the sum of the costs           likelihoods: an_example_costs
    Bernoulli.neg_log_p                100 decimal digits             likelihoods: bernoulli_against
    Bernoulli.neg_log_p                p(0) + p(1) = 1                likelihoods: the_probabilities
    Bernoulli.cost                     the entropy of grey + KL       likelihoods: what_a_grey_pixel
    Bernoulli.mean                     Σ x p(x)                       likelihoods: the_mean_of
    Gaussian.neg_log_p                 the library's density          likelihoods: gaussian_is_minus
    Gaussian.cost                      its integral and moments       likelihoods: the_gaussian
    Gaussian.mean                      ∫ x p(x) dx                    likelihoods: the_mean_of
    VAE.encode                         the blog's formulas            vae: encode_and_decode_are
    VAE.reparameterize                 E[z], Var[z] of samples        vae: samples_of_the_posterior
    VAE.decode                         the blog's formulas            vae: encode_and_decode_are
    VAE.neg_log_p                      recon, at the sample's own z   vae: recon_is_neg_log_p
    VAE.forward                        its three parts                vae: forward_is_encode
    VAE.loss                           the definitions, in numbers    vae: loss_is_what
    VAE.loss                           log p(x) less a KL divergence  evaluate: the_elbo_is
    VAE.loss                           its optimum, PCA with noise    oracles: training_a_linear_vae
    VAE.loss_and_grads                 `loss`, to the bit             vae: loss_and_loss_and_grads
    VAE.sample_loss                    `loss`, at its noise           vae: sampled_losses
    VAE.sample_loss_and_grads          `loss_and_grads`, likewise     vae: sampled_losses
    VAE.reconstruct                    PCA, shrunk towards the mean   oracles: the_loss_of_a_linear
    VAE.generate                       N(c, Aᵀ A), by 40,000 samples  oracles: generated_examples
    Autoencoder.encode                 the formulas                   autoencoder: encode_and
    Autoencoder.decode                 the formulas                   autoencoder: encode_and
    Autoencoder.neg_log_p              the loss, at the code          autoencoder: the_loss_is_neg
    Autoencoder.forward                its two parts                  autoencoder: forward_is
    Autoencoder.loss                   the definitions, in numbers    autoencoder: loss_is_what
    Autoencoder.loss                   its optimum: PCA               oracles: training_a_linear_au
    Autoencoder.loss_and_grads         `loss`, to the bit             autoencoder: loss_is_what
    Autoencoder.sample_loss            `loss`                         autoencoder: sampled_losses
    Autoencoder.sample_loss_and_grads  `loss_and_grads`               autoencoder: sampled_losses
    Autoencoder.reconstruct            PCA                            oracles: training_a_linear_au
    ConditionalVAE.loss                the definitions, in numbers    conditional: loss_is_what
    ConditionalVAE.loss                with M = 0 that of the VAE     conditional: with_all_means
    ConditionalVAE.loss                nothing sees a common shift    conditional: a_shift_of_all
    ConditionalVAE.loss                log p(x given y) less a KL     conditional: it_bounds_log_p
    ConditionalVAE.loss_and_grads      `loss`, to the bit             conditional: loss_is_what
    ConditionalVAE.sample_loss         `loss`, at its noise           conditional: sampled_losses
    ConditionalVAE.sample_loss_and_grads  the same                    conditional: sampled_losses
    ConditionalVAE.generate            M_y + ε, decoded               conditional: generate_decodes
    ConditionalVAE.generate            its mean and covariance        conditional: generated_exam
    ConditionalVAE.classify            the smallest `kl_to_class`     conditional: classify_names
    importance.repeat                  a list of rows                 importance: repeat_backward
    importance.log_mean_exp            60 decimal digits              importance: log_mean_exp_a
    importance.normalized_weights      60 decimal digits              importance: log_mean_exp_a
    IWAE.loss                          the definitions, in numbers    importance: loss_is_what
    IWAE.loss                          `evaluate.log_likelihood`      importance: it_is_minus
    IWAE.loss                          log p(x), exactly              importance: every_bound_is
    IWAE.loss                          ELBO ≤ L_K ≤ log p(x)          importance: the_bounds_rise
    IWAE.loss                          a sample K times is one        importance: a_repeated_sample
    IWAE.loss_and_grads                `loss`, to the bit             importance: loss_is_what
    IWAE.sample_loss                   `loss`, at its noise           importance: sampled_losses
    IWAE.sample_loss_and_grads         `loss_and_grads`, likewise     importance: sampled_losses
    evaluate.mean_loss                 `loss` of the whole set        evaluate: it_is_the_loss_of
    evaluate.neg_elbo                  `VAE.loss` of the whole set    evaluate: it_is_the_loss_of
    evaluate.neg_elbo                  the order of the bounds        evaluate: the_elbo_the
    evaluate.reconstruction_loss       the loss of the whole set      evaluate: the_loss_of_an_auto
    evaluate.encode                    `encode` of the whole set      evaluate: codes_come_in
    evaluate.mean_kl_per_dim           the closed form in σ           evaluate: the_kl_of_a
    evaluate.accuracy                  counted one by one             evaluate: the_accuracy_is
    evaluate.active_units              variances around 0.01          evaluate: a_unit_is_active
    evaluate.log_likelihood            log p(x), exactly              evaluate: it_is_exact_for_any
    evaluate.log_likelihood            ∫ p(x, z) dz by quadrature     evaluate: it_is_the_integral
    evaluate.log_likelihood            ELBO ≤ bounds ≤ log p(x)       evaluate: the_elbo_the
    evaluate.impute                    the missing pixels' law        oracles: imputed_pixels
    SGD.step                           a table worked by hand         optim: sgd_against_a_table
    Adam.step                          a table worked by hand         optim: adam_against_a_table

What needs several rooms stands here, on networks whose relus all stay open, so that they are
linear: with `b1` and `b3` large, and the layers behind them taking that back. Probabilistic PCA is
x = z A + c + x_std e, with z and e from N(0, I); the closed form of its maximum likelihood, for any
fixed x_std, is in Tipping & Bishop 1999, Probabilistic Principal Component Analysis, section 3.2
and appendix A. With λ_1 ≥ λ_2 ≥ … the eigenvalues of the data's covariance (over N, not N - 1) and
u_i its eigenvectors, it is

    c   = the mean of x
    a_i = √max(λ_i - x_std², 0) u_i        the rows of A: eigenvalues below x_std² are noise
    c_i = max(λ_i, x_std²) for i ≤ Z, x_std² for the others: the variance of p(x) along u_i

    - mean log p(x) = ½ Σ_i (log 2π c_i + λ_i / c_i)

and p(z given x) = N(M⁻¹ A (x - c), x_std² M⁻¹) with M = A Aᵀ + x_std² I, which is diagonal, of c_1
… c_Z. So a VAE's Gaussian posterior can be the true one, -ELBO reaches - mean log p(x), and can go
no lower. (In the general solution any rotation turns A; of these a diagonal posterior admits the
one above: Lucas et al. 2019, Don't Blame the ELBO)
"""
import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from helpers import silence_required
from numpyvae import VAE, Autoencoder
from numpyvae.evaluate import active_units, impute, mean_kl_per_dim

# ---------------------------------------------------------------------- the table above

ROWS = re.findall(r"^    (\w+\.\w+) +\S.*? {2,}(\w+): (\w+)$", __doc__, re.MULTILINE)
NOT_FORWARD = {"layers", "settings", "save", "load", "TITLE", "TORCH_NAMES", "to_torch_names",
               "from_torch_names", "state", "set_state", "check", "check_no_beta",
               "shown_terms"}


def forwards(room):
    """The names of everything public in a room that computes something of its own, but for the
    backwards, and for what a relative of the VAE has from the VAE.
    """
    module = importlib.import_module(f"numpyvae.{room}")
    for name in filter(public, vars(module)):
        thing = getattr(module, name)
        if getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing):
            yield from (f"{name}.{method}" for method in filter(public, dir(thing))
                        if method not in NOT_FORWARD
                        and not method.endswith("_backward")
                        and (thing is VAE or not issubclass(thing, VAE) or method in vars(thing)))
        elif not name.endswith("_backward") and name not in NOT_FORWARD:
            yield f"{room}.{name}"


def public(name):
    # Tools that rewrite a module put a double underscore into the names that they add.
    return not name.startswith("_") and "__" not in name


def test_every_forward_has_its_row():
    rooms = ["layers", "latent", "likelihoods", "vae", "autoencoder", "conditional", "importance",
             "evaluate", "optim"]
    expected = {forward for room in rooms for forward in forwards(room)}
    assert {forward for forward, _, _ in ROWS} == expected


def test_every_row_names_a_test():
    rows = __doc__.split("----\n")[1].split("\n\n")[0].splitlines()
    assert len(ROWS) == len(rows) > 40
    for file in {file for _, file, _ in ROWS}:
        source = (Path(__file__).parent / f"test_{file}.py").read_text(encoding="utf-8")
        for begins in {begins for _, where, begins in ROWS if where == file}:
            assert len(re.findall(f"^def test_{begins}", source,
                                  re.MULTILINE)) == 1, f"{file}: {begins}"


# ---------------------------------------------------------------------- probabilistic PCA

OPEN = 16.0                                                      # the bias that keeps a relu open
N, D, Z = 40, 5, 2


def data(seed):
    """N examples whose covariance has three large eigenvalues and two small ones."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(D) + 0.8 * rng.standard_normal((N, 3)) @ rng.standard_normal((3, D))
            + 0.4 * rng.standard_normal((N, D)))


def pca(x):
    """The mean, the eigenvalues in falling order and the eigenvectors, one a row."""
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    return x.mean(axis=0), values[::-1], vectors.T[::-1]


def ppca(x, x_std):
    """The maximum likelihood: c, A, the variance of the posterior, and - mean log p(x)."""
    c, values, vectors = pca(x)
    kept = np.maximum(values[:Z], x_std ** 2)
    A = np.sqrt(kept - x_std ** 2)[:, None] * vectors[:Z]
    variances = np.concatenate([kept, np.full(D - Z, x_std ** 2)])
    return c, A, x_std ** 2 / kept, 0.5 * np.sum(np.log(2 * np.pi * variances) + values / variances)


def at_the_maximum(x, x_std, seed=0):
    """A linear VAE with those parameters, in hidden layers that are turned at random."""
    c, A, V, _ = ppca(x, x_std)
    Q1, Q3 = (np.linalg.qr(array)[0]
              for array in np.random.default_rng(seed).standard_normal((2, D, D)))
    W_mu, W4 = Q1.T @ A.T * V / x_std ** 2, Q3.T                 # M⁻¹ = V / x_std²
    vae = VAE(D, D, Z, "gaussian", x_std)
    vae.params = {"W1": Q1, "b1": np.full(D, OPEN),
                  "W_mu": W_mu, "b_mu": -c @ Q1 @ W_mu - OPEN * W_mu.sum(axis=0),
                  "W_logvar": np.zeros((D, Z)), "b_logvar": np.log(V),
                  "W3": A @ Q3, "b3": np.full(D, OPEN),
                  "W4": W4, "b4": c - OPEN * W4.sum(axis=0)}
    return vae


def with_symmetric_noise(x):
    """Every example with each of the 2 Z noises ±√Z e_j, of mean 0 and covariance I exactly.

    The loss of a linear VAE is of the second degree in eps: its mean over these is its expectation.
    """
    noises = np.sqrt(Z) * np.vstack([np.eye(Z), -np.eye(Z)])
    return np.tile(x, (2 * Z, 1)), np.repeat(noises, len(x), axis=0)


def relus_are_open(network, x, z):
    p = network.params
    return bool(np.all(x @ p["W1"] + p["b1"] > 0) and np.all(z @ p["W3"] + p["b3"] > 0))


CASES = [(0, 0.5), (1, 0.5), (2, 0.3), (0, 1.6)]     # at x_std = 1.6 the second eigenvalue is noise


@pytest.mark.parametrize("seed, x_std", CASES)
def test_the_loss_of_a_linear_vae_at_the_maximum_likelihood_is_minus_log_p(seed, x_std):
    x = data(seed)
    vae, (_, values, vectors) = at_the_maximum(x, x_std, seed), pca(x)
    c, A, V, lowest = ppca(x, x_std)
    # The same value of log p(x) comes from the density of N(c, ·).
    covariance = A.T @ A + x_std ** 2 * np.eye(D)
    squares = np.sum((x - c) @ np.linalg.inv(covariance) * (x - c), axis=1)
    log_det = np.linalg.slogdet(2 * np.pi * covariance)[1]
    assert lowest == pytest.approx(0.5 * np.mean(squares + log_det), rel=3e-14)

    x_all, eps_all = with_symmetric_noise(x)
    (loss, _, _), grads = vae.loss_and_grads(x_all, eps_all)
    assert relus_are_open(vae, x_all, vae.reparameterize(*vae.encode(x_all), eps_all))
    # Asked for: 1e-6. Measured over 60 cases: 2e-14, gradient 2e-12, reconstructions 1.3e-14.
    assert loss == pytest.approx(lowest, rel=0, abs=2e-13)
    assert all(np.abs(grad).max() < 2e-11 for grad in grads.values())
    shrunk = np.maximum(values[:Z] - x_std ** 2, 0) / np.maximum(values[:Z], x_std ** 2)
    expected = c + (x - c) @ vectors[:Z].T * shrunk @ vectors[:Z]
    np.testing.assert_allclose(vae.reconstruct(x), expected, rtol=0, atol=1.3e-13)

    rng, optimum = np.random.default_rng(seed), vae.params
    # Every way from there leads up. Measured: by 456 scale².
    for scale in (1e-3, 1e-2, 3e-2):
        for _ in range(30):
            vae.params = {name: param + scale * rng.standard_normal(param.shape)
                          for name, param in optimum.items()}
            assert relus_are_open(vae, x_all, vae.reparameterize(*vae.encode(x_all), eps_all))
            assert vae.loss(x_all, eps_all)[0] > lowest + 50 * scale ** 2


def minimise(network, loss_and_grads, steps=2000):
    """Train by BFGS (Nocedal & Wright 2006, algorithm 6.1), until no step leads further down  ->
    the last loss.

    Adam would need some ten thousand steps for what the large biases make an ill-conditioned
    problem.
    """
    shapes = {name: param.shape for name, param in network.params.items()}
    cuts = np.cumsum([param.size for param in network.params.values()])[:-1]

    def evaluate(point):
        parts = np.split(point, cuts)
        network.params = {name: part.reshape(shapes[name]) for name, part in zip(shapes, parts)}
        loss, grads = loss_and_grads()
        return loss, np.concatenate([grads[name].ravel() for name in shapes])

    point = np.concatenate([param.ravel() for param in network.params.values()])
    (loss, slope), inverse = evaluate(point), np.eye(len(point))
    for _ in range(steps):
        step  = -inverse @ slope
        # Limit the step: a leap could shut a relu for good.
        step /= max(1, np.linalg.norm(step))
        # Backtrack: halve the step until the loss falls enough.
        while True:
            below, slope_there = evaluate(point + step)
            if below <= loss + 1e-4 * slope @ step:
                break
            step = step / 2
            if np.abs(step).max() < 1e-12:
                evaluate(point)
                return loss
        bend = slope_there - slope
        curvature = step @ bend
        point, loss, slope = point + step, below, slope_there
        if np.linalg.norm(slope) < 1e-9:
            break
        if curvature > 0:
            turned = np.outer(inverse @ bend, step) / curvature
            stretch = (1 + bend @ inverse @ bend / curvature) / curvature
            inverse += stretch * np.outer(step, step) - turned - turned.T
    return loss


def opened(network):
    """A fresh network with relus that are far from shut, where the next layers take the large
    biases back.
    """
    p = network.params
    for suffix in {"VAE": ("_mu", "_logvar"), "Autoencoder": ("_z",)}[type(network).__name__]:
        p["b" + suffix] = p["b" + suffix] - OPEN * p["W" + suffix].sum(axis=0)
    b4 = p["b4"] - OPEN * p["W4"].sum(axis=0)
    return {**p, "b1": p["b1"] + OPEN, "b3": p["b3"] + OPEN, "b4": b4}


@pytest.mark.parametrize("seed, x_std", CASES)
def test_training_a_linear_vae_ends_at_probabilistic_pca(seed, x_std):
    x = data(seed)
    c, A, V, lowest = ppca(x, x_std)
    x_all, eps_all = with_symmetric_noise(x)
    vae = VAE(D, D, Z, "gaussian", x_std, rng=seed)
    vae.params = opened(vae)
    assert vae.loss(x_all, eps_all)[0] > lowest + 1              # it has something to learn

    def loss_and_grads():
        (loss, _, _), grads = vae.loss_and_grads(x_all, eps_all)
        return loss, grads
    with silence_required():
        loss = minimise(vae, loss_and_grads)
    assert relus_are_open(vae, x_all, vae.reparameterize(*vae.encode(x_all), eps_all))
    # Asked for: 1e-6. Measured: 1e-14, and 7e-10 for the parameters; but where BFGS stops is a
    # matter of rounding.
    assert abs(loss - lowest) < 1e-10
    # The variance of a dimension is the same for every example.
    found = np.exp(vae.encode(x)[1])
    np.testing.assert_allclose(found, np.tile(found[0], (N, 1)), rtol=1e-6)
    np.testing.assert_allclose(np.sort(found[0]), V, rtol=1e-6)
    rows = vae.decode(np.eye(Z)) - vae.decode(np.zeros((Z, Z)))
    np.testing.assert_allclose(rows.T @ rows, A.T @ A, rtol=0, atol=1e-6)
    used = np.sum(pca(x)[1][:Z] > x_std ** 2)
    assert active_units(vae, x).sum() == used == np.sum(mean_kl_per_dim(vae, x) > 1e-8)


def test_training_a_linear_autoencoder_ends_at_pca():
    # Without a prior nothing shrinks: the loss left is that of the other eigenvectors (Baldi &
    # Hornik 1989).
    x, x_std = data(3), 0.5
    c, values, vectors = pca(x)
    lowest = 0.5 * np.sum(values[Z:]) / x_std ** 2 + D * (np.log(x_std) + 0.5 * np.log(2 * np.pi))
    autoencoder = Autoencoder(D, D, Z, "gaussian", x_std, rng=3)
    autoencoder.params = opened(autoencoder)
    loss = minimise(autoencoder, lambda: autoencoder.loss_and_grads(x))
    assert relus_are_open(autoencoder, x, autoencoder.encode(x))
    assert abs(loss - lowest) < 1e-10
    projected = c + (x - c) @ vectors[:Z].T @ vectors[:Z]
    np.testing.assert_allclose(autoencoder.reconstruct(x), projected, rtol=0, atol=1e-6)


# ---------------------------------------------------------------------- what a linear VAE draws

def assert_drawn_from(samples, mean, covariance):
    """Assert that samples, (S, D), have this mean and covariance, each number within four standard
    errors.
    """
    S, variance = len(samples), np.diag(covariance)
    assert np.all(np.abs(samples.mean(axis=0) - mean) < 4 * np.sqrt(variance / S))
    # the standard error of a sample covariance
    error = np.sqrt((np.outer(variance, variance) + covariance ** 2) / S)
    assert np.all(np.abs(np.cov(samples.T, bias=True) - covariance) < 4 * error)


def test_generated_examples_have_the_mean_and_the_covariance_of_the_prior_decoded():
    x = data(0)
    c, A, _, _ = ppca(x, 0.5)
    assert_drawn_from(at_the_maximum(x, 0.5).generate(40_000, rng=1), c, A.T @ A)


def test_imputed_pixels_have_the_mean_and_the_covariance_of_the_posterior_decoded():
    # The encoder sees 0 where nobody looked, and z ~ N(V A (x mask - c) / x_std², V).
    x_std, x = 0.5, data(0)
    c, A, V, _ = ppca(x, x_std)
    mask = np.random.default_rng(1).random((6, D)) < 0.5
    assert mask.any() and 5 < np.sum(~mask) < 25
    found = impute(at_the_maximum(x, x_std), np.where(mask, x[:6], np.nan), mask, num_samples=1_500,
                   rng=2)
    mean = c + (np.where(mask, x[:6], 0) - c) @ A.T * V / x_std ** 2 @ A
    for n in range(6):
        seen, covariance = mask[n], A.T * V @ A
        assert np.array_equal(found[:, n, seen], np.tile(x[n, seen], (1_500, 1)))
        assert_drawn_from(found[:, n, ~seen], mean[n, ~seen], covariance[np.ix_(~seen, ~seen)])

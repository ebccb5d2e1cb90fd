"""What PyTorch makes of the VAE's two relatives: losses and gradients, recorded for
tests/test_conditional.py and tests/test_importance.py.

Run once, by hand, with PyTorch 2.14.1+cu130 (neither the package nor its tests import it):

    python tests/reference/make_torch_relatives.py

It writes torch_relatives.npz beside itself, with the same bytes every time. Its densities and KL
divergences are those of torch.distributions, its gradients those of autograd.
"""
import math
from pathlib import Path

import numpy as np
import torch
from make_torch_reference import VAE, X_STD, D, N, Z, parameters, reconstruction, record
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence

C, K = 3, 4


class ConditionalVAE(VAE):
    """The module of the blog, and a mean for each class."""

    def __init__(self):
        super().__init__()
        self.class_mean = nn.Embedding(C, Z)


class IWAE(VAE):
    """The module of the blog."""


def conditional_terms(cvae, x, y, mask, eps, likelihood, beta):
    out, mu, logvar = cvae(x * mask, eps)
    recon = reconstruction(out, x, mask, likelihood)
    posterior, prior = Normal(mu, torch.exp(0.5 * logvar)), Normal(cvae.class_mean(y), 1.0)
    kl = kl_divergence(posterior, prior).sum() / N
    return recon + beta * kl, recon, kl


def importance_terms(iwae, x, mask, eps, likelihood):
    mu, logvar = iwae.encode(x * mask)
    posterior, prior = Normal(mu, torch.exp(0.5 * logvar)), Normal(0.0, 1.0)
    log_w, recon = [], []
    for k in range(K):
        z = iwae.reparameterize(mu, logvar, eps[:, k])
        out = iwae.fc4(torch.relu(iwae.fc3(z)))
        pixels = Bernoulli(logits=out) if likelihood == "bernoulli" else Normal(out, X_STD)
        log_px = (torch.where(mask, pixels.log_prob(x), 0.0)).sum(dim=1)
        log_w.append(log_px + (prior.log_prob(z) - posterior.log_prob(z)).sum(dim=1))
        recon.append(-log_px)
    bound = torch.logsumexp(torch.stack(log_w), dim=0) - math.log(K)
    kl = kl_divergence(posterior, Normal(torch.zeros(Z), torch.ones(Z))).sum() / N
    return -bound.mean(), torch.stack(recon).mean(), kl


def main():
    torch.set_default_dtype(torch.float64)
    torch.distributions.Distribution.set_default_validate_args(False)      # grey pixels are right
    torch.manual_seed(1)
    cvae, iwae = ConditionalVAE(), IWAE()
    x, eps, eps_k = torch.rand(N, D), torch.randn(N, Z), torch.randn(N, K, Z)
    y = torch.tensor([2, 0, 2, 2, 0])                                      # nobody is of class 1
    masks = {"whole": torch.ones(N, D, dtype=torch.bool), "masked": torch.rand(N, D) < 0.7}
    reference = {"torch": np.array(torch.__version__), "x_std": np.array(X_STD), "x": x.numpy(),
                 "y": y.numpy(), "eps": eps.numpy(), "eps_k": eps_k.numpy(),
                 "mask": masks["masked"].numpy(), **parameters(cvae, "ConditionalVAE"),
                 **parameters(iwae, "IWAE")}
    for likelihood in ("bernoulli", "gaussian"):
        for pixels, mask in masks.items():
            record(reference, f"IWAE/{likelihood}/{pixels}", iwae,
                   importance_terms(iwae, x, mask, eps_k, likelihood))
            for beta in (1.0, 0.5):
                record(reference, f"ConditionalVAE/{likelihood}/{pixels}/{beta}", cvae,
                       conditional_terms(cvae, x, y, mask, eps, likelihood, beta))
    np.savez_compressed(Path(__file__).with_name("torch_relatives.npz"), **reference)


if __name__ == "__main__":
    main()

"""What PyTorch makes of the blog's network: losses, gradients and Adam's steps, recorded for
tests/test_torch_names.py and lesson 12.

Run once, by hand, with PyTorch 2.13.0+cpu (neither the package nor its tests import it):

    python tests/reference/make_torch_reference.py

It writes numpyvae/gallery/torch.npz, with the same bytes every time. To change a case, change it
here and run it again."""
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

GALLERY = Path(__file__).resolve().parent.parent.parent / "numpyvae" / "gallery"
N, D, H, Z = 5, 12, 9, 4
X_STD, LR, STEPS = 0.3, 1e-2, 20


class VAE(nn.Module):
    """The module of the blog, with its names."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(D, H), nn.Linear(H, Z), nn.Linear(H, Z)
        self.fc3, self.fc4 = nn.Linear(Z, H), nn.Linear(H, D)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar, eps):
        return mu + eps * torch.exp(0.5 * logvar)

    def forward(self, x, eps):
        mu, logvar = self.encode(x)
        return self.fc4(F.relu(self.fc3(self.reparameterize(mu, logvar, eps)))), mu, logvar


class Autoencoder(nn.Module):
    """The same module without the distribution."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(D, H), nn.Linear(H, Z)
        self.fc3, self.fc4 = nn.Linear(Z, H), nn.Linear(H, D)

    def forward(self, x):
        return self.fc4(F.relu(self.fc3(self.fc2(F.relu(self.fc1(x))))))


def reconstruction(out, x, mask, likelihood):
    """The reconstruction loss: summed over the observed pixels, a mean over the batch."""
    if likelihood == "bernoulli":
        per_pixel = F.binary_cross_entropy(torch.sigmoid(out), x, reduction="none")
    else:
        per_pixel = -torch.distributions.Normal(out, X_STD).log_prob(x)
    return (per_pixel * mask).sum() / N


def vae_terms(vae, x, mask, eps, likelihood, beta):
    out, mu, logvar = vae(x * mask, eps)
    recon = reconstruction(out, x, mask, likelihood)
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / N
    return recon + beta * kl, recon, kl


def record(reference, case, module, terms):
    """The loss with its terms, and the gradient of every parameter."""
    module.zero_grad()
    terms[0].backward()
    reference[f"{case}/loss"] = np.array([term.item() for term in terms])
    reference.update({f"{case}/{name}": param.grad.numpy().copy()
                      for name, param in module.named_parameters()})


def parameters(module, prefix):
    return {f"{prefix}/{name}": array.numpy().copy() for name, array in module.state_dict().items()}


def main():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    vae, autoencoder = VAE(), Autoencoder()
    x, eps, noise = torch.rand(N, D), torch.randn(N, Z), torch.randn(STEPS, N, Z)
    masks = {"whole": torch.ones(N, D, dtype=torch.bool), "masked": torch.rand(N, D) < 0.7}
    reference = {"torch": np.array(torch.__version__), "x_std": np.array(X_STD), "lr": np.array(LR),
                 "x": x.numpy(), "eps": eps.numpy(), "noise": noise.numpy(),
                 "mask": masks["masked"].numpy(), **parameters(vae, "VAE"),
                 **parameters(autoencoder, "Autoencoder")}

    for likelihood in ("bernoulli", "gaussian"):
        for pixels, mask in masks.items():
            for beta in (1.0, 0.5):
                record(reference, f"VAE/{likelihood}/{pixels}/{beta}", vae,
                       vae_terms(vae, x, mask, eps, likelihood, beta))
            record(reference, f"Autoencoder/{likelihood}/{pixels}", autoencoder,
                   [reconstruction(autoencoder(x * mask), x, mask, likelihood)])

    def vae_loss(t):
        return vae_terms(vae, x, masks["whole"], noise[t], "bernoulli", 1.0)[0]

    def autoencoder_loss(t):
        return reconstruction(autoencoder(x), x, masks["whole"], "bernoulli")

    for module, loss in ((vae, vae_loss), (autoencoder, autoencoder_loss)):
        adam = torch.optim.Adam(module.parameters(), lr=LR)
        for t in range(STEPS):
            adam.zero_grad()
            loss(t).backward()
            adam.step()
        reference.update(parameters(module, f"{type(module).__name__}/adam"))

    np.savez_compressed(GALLERY / "torch.npz", **reference)


if __name__ == "__main__":
    main()

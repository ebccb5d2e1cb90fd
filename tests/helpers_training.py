"""What tests of training share: a few small examples, and runs on them."""
import numpy as np

from numpyvae.training import Run

X_TRAIN = np.random.default_rng(1).random((30, 6))
X_TEST  = np.random.default_rng(2).random((11, 6))
M_TRAIN = np.random.default_rng(3).random((30, 6)) < 0.7
M_TEST  = np.random.default_rng(4).random((11, 6)) < 0.7
BYTES   = [np.rint(255 * x).astype(np.uint8) for x in (X_TRAIN, X_TEST)]
SMALL   = {"epochs": 3, "hidden_dim": 8, "latent_dim": 2, "batch_size": 8, "lr": 0.01}

# Every way that training can treat its examples: the model, the pixels, whether some are unseen.
MODES = [(model, pixels, masked) for model in ("vae", "ae")
         for pixels in ("grey", "threshold", "fixed", "resampled") for masked in (False, True)]


def start(**options):
    """A run on the examples above, of options like SMALL."""
    return Run(X_TRAIN, X_TEST, **{**SMALL, **options})


def same_params(run, other):
    """Whether two runs, or a run and a network, have the same parameters, to the bit."""
    params = getattr(other, "model", other).params
    return all(np.array_equal(param, params[name]) for name, param in run.model.params.items())

"""What the models share: initialisation, validation, the likelihood, files, and the names that
PyTorch has for it.
"""
import math
from collections.abc import Mapping

import numpy as np

from . import checkpoint
from .errors import (CheckpointError, InvalidTypeError, InvalidValueError, check_batch,
                     check_choice, check_float_dtype, check_like, check_mask, check_number,
                     check_pixels, check_positive_int, check_rng)
from .layers import dense_forward, relu_forward, sigmoid
from .losses import bernoulli_loss_backward, bernoulli_loss_forward, gaussian_loss_backward, gaussian_loss_forward

LIKELIHOODS = ("bernoulli", "gaussian")


class Network:
    """The parent of both models, which write out `layers`, `TORCH_NAMES`, `encode`, `loss` and
    `loss_and_grads`.

    input_dim, hidden_dim, latent_dim: D, H, Z, whole numbers above 0
    likelihood: "bernoulli" (pixels in [0, 1], a sigmoid output) or "gaussian" (any pixels, a linear
    output)
    x_std: the fixed standard deviation of the Gaussian likelihood
    rng: a seed or a Generator for the initial parameters; dtype: float64 or float32
    Raises ValueError or TypeError for anything else.
    """

    def __init__(self, input_dim=784, hidden_dim=400, latent_dim=20, likelihood="bernoulli",
                 x_std=1.0, rng=0, dtype=np.float64):
        self.input_dim  = check_positive_int("input_dim", input_dim)
        self.hidden_dim = check_positive_int("hidden_dim", hidden_dim)
        self.latent_dim = check_positive_int("latent_dim", latent_dim)
        self.likelihood = check_choice("likelihood", likelihood, LIKELIHOODS)
        self.x_std      = check_number("x_std", x_std, above=0)
        self.dtype      = check_float_dtype(dtype)
        layers = self.layers(self.input_dim, self.hidden_dim, self.latent_dim)
        self.params = init_params(layers, check_rng(rng), self.dtype)

    @property
    def settings(self):
        """What this network was built with, as plain values: VAE(**settings) makes another of its
        kind.
        """
        return {"input_dim": self.input_dim, "hidden_dim": self.hidden_dim,
                "latent_dim": self.latent_dim, "likelihood": self.likelihood, "x_std": self.x_std,
                "dtype": self.dtype.name}

    def decode(self, z):
        """The mean of p(x given z): the probability of every pixel, or the Gaussian's mean.

        z: (N, Z)  ->  probs: (N, D)
        """
        z = check_batch("z", z, self.latent_dim, self.dtype)
        logits = self._decode(z, self.params)
        return sigmoid(logits) if self.likelihood == "bernoulli" else logits

    # ------------------------------------------------------------------ files and names

    def save(self, path):
        """Write settings and parameters to `path`, atomically.  Raises OSError."""
        checkpoint.save(path, self.params, describe(self))

    @classmethod
    def load(cls, path):
        """Read what `save` wrote, or the network of a training run's model.npz.  Raises
        CheckpointError, OSError.
        """
        return restore_network(cls, path, *checkpoint.load(path))

    def to_torch_names(self):
        """The parameters as the blog's PyTorch module names and lays them out: weights as (out,
        in), copies.

        ->  {"fc1.weight": (H, D), "fc1.bias": (H,), …}
        """
        arrays = {}
        for suffix, name in self.TORCH_NAMES.items():
            arrays[name + ".weight"] = self.params["W" + suffix].T.copy()
            arrays[name + ".bias"]   = self.params["b" + suffix].copy()
        return arrays

    @classmethod
    def from_torch_names(cls, mapping, likelihood="bernoulli", x_std=1.0):
        """The network with the parameters of a PyTorch module: the inverse of `to_torch_names`.

        mapping: as `to_torch_names` gives it, or a state_dict() of tensors on the CPU; it fixes
        sizes and dtype
        Raises ValueError or TypeError.
        """
        if not isinstance(mapping, Mapping):
            raise InvalidTypeError("mapping: expected arrays by name, as a state_dict, got "
                                   f"{type(mapping).__name__}")
        arrays = {name: np.asarray(array) for name, array in mapping.items()}
        names = [name + kind for name in cls.TORCH_NAMES.values() for kind in (".weight", ".bias")]
        check_like("mapping", dict.fromkeys(arrays), dict.fromkeys(names))
        first, latent = (arrays[name + ".weight"] for name in list(cls.TORCH_NAMES.values())[:2])
        if first.ndim != 2 or latent.ndim != 2:
            raise InvalidValueError("mapping: expected weights of shape (out, in), got "
                                    f"{first.shape}, {latent.shape}")
        network = cls(first.shape[1], first.shape[0], latent.shape[0], likelihood, x_std,
                      dtype=first.dtype)
        check_like("mapping", arrays, network.to_torch_names())
        for suffix, name in cls.TORCH_NAMES.items():
            for key, array in (("W" + suffix, arrays[name + ".weight"].T),
                               ("b" + suffix, arrays[name + ".bias"])):
                if array.dtype != network.dtype or not np.isfinite(array).all():
                    raise InvalidValueError(f"mapping: expected finite {network.dtype} numbers "
                                            f"throughout, got others in {name}")
                network.params[key][...] = array
        return network

    # ------------------------------------------------------------------ the decoder and its loss,
    # without a gradient

    def _decode(self, z, p):
        a3, _     = dense_forward(z,  p["W3"], p["b3"])
        h3, _     = relu_forward(a3)
        logits, _ = dense_forward(h3, p["W4"], p["b4"])
        # the Gaussian's mean, if the likelihood is Gaussian
        return logits

    def _recon_forward(self, logits, x, mask):
        if self.likelihood == "bernoulli":
            return bernoulli_loss_forward(logits, x, mask)
        return gaussian_loss_forward(logits, x, self.x_std, mask)

    def _recon_backward(self, drecon, cache):
        if self.likelihood == "bernoulli":
            return bernoulli_loss_backward(drecon, cache)
        return gaussian_loss_backward(drecon, cache)


def init_params(layers, rng, dtype):
    """Fresh parameters W and b for every dense layer, uniform in ±1/√fan_in.

    layers: {suffix: (fan_in, fan_out)}; rng: a Generator
    ->  {"W" + suffix: (fan_in, fan_out), "b" + suffix: (fan_out,)}
    Source: PyTorch's default for nn.Linear, which the blog's network starts from. (The biases are
    not zero: zeros can hide a wrong gradient.)
    """
    params = {}
    for suffix, (fan_in, fan_out) in layers.items():
        bound = 1 / math.sqrt(fan_in)
        params["W" + suffix] = rng.uniform(-bound, bound, (fan_in, fan_out)).astype(dtype)
        params["b" + suffix] = rng.uniform(-bound, bound, fan_out).astype(dtype)
    return params


def check_params(params, own):
    """Return (params, their common dtype): `own`, or what is given in their place if it has the
    same shapes.
    """
    params = own if params is None else {name: np.asarray(array) for name, array in params.items()}
    check_like("params", params, own)
    dtype = np.result_type(*params.values())
    if dtype.kind not in "fc":
        raise InvalidTypeError("params: expected floating point or, for the complex step, complex "
                               f"arrays, got {dtype}")
    return params, dtype


def check_input(x, width, dtype, likelihood, mask=None, name="x"):
    """Return (x, mask), validated and x cast to dtype; whatever x holds where the mask is False is
    replaced by 0.
    """
    if mask is not None:
        mask = check_mask(mask, np.shape(x))
        x = np.where(mask, x, 0)
    x = check_batch(name, x, width, dtype)
    if likelihood == "bernoulli":
        # x is complex where the parameters are, in the complex step
        check_pixels(name, x.real)
    return x, mask


def check_out(out, params):
    """Where the gradients of each layer are to be written: {suffix: (W, b)}, both of `out`, or None
    for fresh ones.
    """
    suffixes = [name[1:] for name in params if name.startswith("W")]
    if out is None:
        return dict.fromkeys(suffixes, (None, None))
    check_like("out", out, params)
    others = list(params.values())
    for name, param in params.items():
        if out[name].dtype != param.dtype or any(_share_memory(out[name], other)
                                                 for other in others):
            raise InvalidValueError(f"out[{name!r}]: expected an array of its own of dtype "
                                    f"{param.dtype}")
        others.append(out[name])
    return {suffix: (out["W" + suffix], out["b" + suffix]) for suffix in suffixes}


def _share_memory(a, b):
    # Two arrays that own their memory share none of it: asked first, since NumPy takes its time to
    # compare the bounds.
    return a is b or not (a.flags.owndata and b.flags.owndata) and np.may_share_memory(a, b)


def describe(network):
    """What a checkpoint says of a network beside its parameters: which model it is, and what it is
    built with.
    """
    return {"model": type(network).__name__, "settings": network.settings}


def restore_network(cls, path, arrays, description):
    """A network of class `cls` from what `checkpoint.load(path)` gave, which may hold more (a run's
    optimiser, say).

    Raises CheckpointError.
    """
    if description.get("model") != cls.__name__:
        raise CheckpointError(f"{path}: expected a saved {cls.__name__}, got "
                              f"{description.get('model', 'no model')}")
    try:
        settings = dict(description["settings"])
        sizes = [settings[name] for name in ("input_dim", "hidden_dim", "latent_dim")]
        params = {}
        # compared before anything of these sizes is built
        for suffix, shape in cls.layers(*sizes).items():
            for name, expected in (("W" + suffix, shape), ("b" + suffix, shape[1:])):
                params[name] = arrays[name]
                if params[name].shape != expected or params[name].dtype != settings["dtype"]:
                    raise InvalidValueError(f"{name}: expected {settings['dtype']} of shape "
                                            f"{expected}, got {params[name].dtype} of shape "
                                            f"{params[name].shape}")
                if not np.isfinite(params[name]).all():
                    raise InvalidValueError(f"{name}: expected finite numbers")
        network = cls(**settings)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: does not describe a {cls.__name__} that can be built "
                              f"({error})") from error
    network.params = params
    return network

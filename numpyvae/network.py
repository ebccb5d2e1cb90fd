"""What the models share: initialisation, validation, the decoder, and PyTorch's names."""
import math
from collections.abc import Mapping

import numpy as np

from . import checkpoint
from .errors import (CheckpointError, InvalidTypeError, InvalidValueError, check_batch,
                     check_choice, check_float_dtype, check_like, check_mask, check_number,
                     check_positive_int, check_rng)
from .layers import dense, relu
from .likelihoods import Bernoulli, Gaussian

LIKELIHOODS = ("bernoulli", "gaussian")


class Network:
    """The parent of all models: each of them writes out its own `encode` and `loss_and_grads`.

    The arguments are those of `VAE`. `pixels` is the likelihood of a pixel, `Bernoulli` or
    `Gaussian`.
    """

    def __init__(self, input_dim=784, hidden_dim=400, latent_dim=20, likelihood="bernoulli",
                 x_std=1.0, rng=0, dtype=np.float64):
        self.input_dim  = check_positive_int("input_dim", input_dim)
        self.hidden_dim = check_positive_int("hidden_dim", hidden_dim)
        self.latent_dim = check_positive_int("latent_dim", latent_dim)
        self.likelihood = check_choice("likelihood", likelihood, LIKELIHOODS)
        self.x_std      = check_number("x_std", x_std, above=0)
        self.pixels     = Gaussian(self.x_std) if likelihood == "gaussian" else Bernoulli()
        self.dtype      = check_float_dtype(dtype)
        layers = self.layers(self.input_dim, self.hidden_dim, self.latent_dim)
        self.params = init_params(layers, check_rng(rng), self.dtype)

    @property
    def settings(self):
        """What this network was built with, as plain values: VAE(**settings) builds another."""
        return {"input_dim": self.input_dim, "hidden_dim": self.hidden_dim,
                "latent_dim": self.latent_dim, "likelihood": self.likelihood, "x_std": self.x_std,
                "dtype": self.dtype.name}

    # ------------------------------------------------------------------ the decoder

    def decode(self, z):
        """The mean of p(x given z): the probability of every pixel, or the Gaussian's mean.

        z: (N, Z)  ->  probs: (N, D)
        """
        z = check_batch("z", z, self.latent_dim, self.dtype)
        return self.pixels.mean(self._decode(z, self.params))

    def neg_log_p(self, z, x, mask=None):
        """-log p(x given z) of every example, in nats.

        z: (N, Z); x: (N, D); mask: (N, D) booleans, True where a pixel was observed
        ->  recon: (N,)
        """
        z       = check_batch("z", z, self.latent_dim, self.dtype)
        x, mask = self._check_input(x, mask, self.dtype)
        return self.pixels.neg_log_p(self._decode(z, self.params), x, mask)

    def _decode(self, z, params):
        a3     = dense(z, params["W3"], params["b3"])
        h3     = relu(a3)
        logits = dense(h3, params["W4"], params["b4"])
        return logits                                        # a Gaussian pixel's mean is its logit

    def _check_input(self, x, mask, dtype):
        return check_input(x, self.input_dim, dtype, self.pixels, mask)

    # ------------------------------------------------------------------ files and names

    def save(self, path):
        """Write settings and parameters to `path`, atomically.  Raises OSError."""
        checkpoint.save(path, self.params, describe(self))

    @classmethod
    def load(cls, path):
        """Read what `save` wrote, or the network of a training run's model.npz.

        Raises CheckpointError, OSError.
        """
        return restore_network(cls, path, *checkpoint.load(path))

    def to_torch_names(self):
        """The parameters as the blog's PyTorch module names and stores them: copies.

        ->  {"fc1.weight": (H, D), "fc1.bias": (H,), …}, weights as (out, in)
        """
        return {theirs: _turned(own, self.params[own]).copy() for own, theirs in self._names()}

    @classmethod
    def from_torch_names(cls, mapping, likelihood="bernoulli", x_std=1.0):
        """The network with the parameters of a PyTorch module: the inverse of `to_torch_names`.

        mapping: as `to_torch_names` gives it, or a state_dict() of tensors on the CPU; it fixes
            sizes and dtype
        Raises ValueError or TypeError.
        """
        if not isinstance(mapping, Mapping):
            raise InvalidTypeError("mapping: expected arrays by name, as in a state_dict, "
                                   f"got {type(mapping).__name__}")
        arrays = {name: np.asarray(array) for name, array in mapping.items()}
        names = [theirs for _, theirs in cls._names()]
        check_like("mapping", dict.fromkeys(arrays), dict.fromkeys(names))
        network = cls(*cls._sizes(arrays), likelihood, x_std, dtype=arrays[names[0]].dtype)
        check_like("mapping", arrays, network.to_torch_names())
        for name, array in arrays.items():
            if array.dtype != network.dtype or not np.isfinite(array).all():
                raise InvalidValueError(f"mapping: expected finite {network.dtype} numbers "
                                        f"throughout, got others in {name}")
        for own, theirs in cls._names():
            network.params[own][...] = _turned(own, arrays[theirs])
        return network

    # ------------------------------------------------------------------ what a model may add to

    @classmethod
    def _names(cls):
        """Yield the name of every parameter, here and in PyTorch's module."""
        for suffix, name in cls.TORCH_NAMES.items():
            yield "W" + suffix, name + ".weight"
            yield "b" + suffix, name + ".bias"

    @classmethod
    def _sizes(cls, arrays):
        """D, H, Z, as the weights of PyTorch's first two layers tell them; each is (out, in)."""
        first, latent = [arrays[name + ".weight"] for name in list(cls.TORCH_NAMES.values())[:2]]
        if first.ndim != 2 or latent.ndim != 2:
            raise InvalidValueError("mapping: expected weights of shape (out, in), "
                                    f"got {first.shape}, {latent.shape}")
        return first.shape[1], first.shape[0], latent.shape[0]

    @classmethod
    def _shapes(cls, settings):
        """The shape of every parameter of a network with these settings, by name."""
        D, H, Z = settings["input_dim"], settings["hidden_dim"], settings["latent_dim"]
        shapes = {}
        for suffix, (fan_in, fan_out) in cls.layers(D, H, Z).items():
            shapes["W" + suffix] = (fan_in, fan_out)
            shapes["b" + suffix] = (fan_out,)
        return shapes


def _turned(name, array):
    """A parameter the other way round for PyTorch, or from there: its weights are (out, in)."""
    return array.T if name.startswith("W") else array


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
    """Return (params, their common dtype): `own`, or, in its order, others of the same shapes."""
    if params is None:
        params = own
    check_like("params", params, own)
    params = {name: np.asarray(params[name]) for name in own}
    dtype = np.result_type(*params.values())
    if dtype.kind not in "fc":
        raise InvalidTypeError("params: expected floating point or, for the complex step, complex "
                               f"arrays, got {dtype}")
    return params, dtype


def check_input(x, width, dtype, pixels, mask=None, name="x"):
    """Return (x, mask), validated, x cast to dtype and 0 wherever the mask is False.

    x: (N, width); pixels: the likelihood that x has to suit; mask: (N, width) booleans, or None
    name: what messages call x
    """
    if mask is not None:
        mask = check_mask(mask, np.shape(x))
        x = np.where(mask, x, 0)
    x = check_batch(name, x, width, dtype)
    pixels.check(name, x.real)               # complex where the parameters are, in the complex step
    return x, mask


def check_out(out, params):
    """Where the gradients are to be written  ->  {name: dT}, and {suffix: (dW, db)} for each layer.

    out: a dictionary like params, of arrays that share no memory; or None, for fresh ones
    """
    if out is None:
        out = dict.fromkeys(params)
    else:
        _check_arrays(out, params)
    suffixes = [name[1:] for name in params if name.startswith("W")]
    return {**out, **{suffix: (out["W" + suffix], out["b" + suffix]) for suffix in suffixes}}


def _check_arrays(out, params):
    check_like("out", out, params)
    for name, param in params.items():
        if out[name].dtype != param.dtype:
            raise InvalidValueError(f"out[{name!r}]: expected dtype {param.dtype}, "
                                    f"got {out[name].dtype}")
    _check_apart(out, params)


def _check_apart(out, params):
    arrays = [*params.values(), *out.values()]
    owners = {id(array) for array in arrays if array.flags.owndata}
    if len(owners) == len(arrays):           # each owns its memory: nothing is left to compare
        return
    for i, (name, array) in enumerate(out.items(), len(params)):
        if any(np.may_share_memory(array, other) for other in arrays[:i]):
            raise InvalidValueError(f"out[{name!r}]: expected an array of its own, got one that "
                                    "shares its memory with another")


def describe(network):
    """What a checkpoint says of a network beside its parameters: its class and its settings."""
    return {"model": type(network).__name__, "settings": network.settings}


def restore_network(cls, path, arrays, description):
    """A network of class `cls` from what `checkpoint.load(path)` gave, which may hold more.

    Raises CheckpointError.
    """
    if description.get("model") != cls.__name__:
        raise CheckpointError(f"{path}: expected a saved {cls.__name__}, got "
                              f"{description.get('model', 'no model')}")
    try:
        settings = dict(description["settings"])
        params = {name: _restored(name, arrays, shape, settings["dtype"])
                  for name, shape in cls._shapes(settings).items()}
        # not before the sizes are known to be those of the arrays
        network = cls(**settings)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: does not describe a {cls.__name__} that can be built "
                              f"({error})") from error
    network.params = params
    return network


def _restored(name, arrays, shape, dtype):
    array = arrays[name]
    if array.shape != shape or array.dtype != dtype:
        raise InvalidValueError(f"{name}: expected {dtype} of shape {shape}, got {array.dtype} of "
                                f"shape {array.shape}")
    if not np.isfinite(array).all():
        raise InvalidValueError(f"{name}: expected finite numbers")
    return array

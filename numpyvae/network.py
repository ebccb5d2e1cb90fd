"""What models need around their mathematics: initialisation, validation, and files."""
import math

import numpy as np

from . import checkpoint
from .errors import (CheckpointError, InvalidTypeError, InvalidValueError, check_batch, check_like, check_mask,
                     check_pixels)


def init_params(layers, rng, dtype):
    """Fresh parameters W and b for every dense layer, uniform in ±1/√fan_in.

    layers: {suffix: (fan_in, fan_out)}; rng: a Generator
    ->  {"W" + suffix: (fan_in, fan_out), "b" + suffix: (fan_out,)}
    Source: PyTorch's default for nn.Linear, which the blog's network starts from. (The biases are not zero: zeros can
    hide a wrong gradient.)
    """
    params = {}
    for suffix, (fan_in, fan_out) in layers.items():
        bound = 1 / math.sqrt(fan_in)
        params["W" + suffix] = rng.uniform(-bound, bound, (fan_in, fan_out)).astype(dtype)
        params["b" + suffix] = rng.uniform(-bound, bound, fan_out).astype(dtype)
    return params


def check_params(params, own):
    """Return (params, their common dtype): `own`, or what is given in their place if it has the same shapes."""
    params = own if params is None else {name: np.asarray(array) for name, array in params.items()}
    check_like("params", params, own)
    dtype = np.result_type(*params.values())
    if dtype.kind not in "fc":
        raise InvalidTypeError(f"params: expected floating point or, for the complex step, complex arrays, got {dtype}")
    return params, dtype


def check_input(x, width, dtype, likelihood, mask=None, name="x"):
    """Return (x, mask), validated and x cast to dtype; whatever x holds where the mask is False is replaced by 0."""
    if mask is not None:
        mask = check_mask(mask, np.shape(x))
        x = np.where(mask, x, 0)
    x = check_batch(name, x, width, dtype)
    if likelihood == "bernoulli":
        check_pixels(name, x.real)               # x is complex where the parameters are, in the complex step
    return x, mask


def check_out(out, params):
    """Where the gradients of each layer are to be written: {suffix: (W, b)}, both of `out`, or None for fresh ones."""
    suffixes = [name[1:] for name in params if name.startswith("W")]
    if out is None:
        return dict.fromkeys(suffixes, (None, None))
    check_like("out", out, params)
    others = list(params.values())
    for name, param in params.items():
        if out[name].dtype != param.dtype or any(np.may_share_memory(out[name], other) for other in others):
            raise InvalidValueError(f"out[{name!r}]: expected an array of its own of dtype {param.dtype}")
        others.append(out[name])
    return {suffix: (out["W" + suffix], out["b" + suffix]) for suffix in suffixes}


def save_network(path, network):
    """Write a network's settings and parameters to `path`, atomically.  Raises OSError."""
    checkpoint.save(path, network.params, describe(network))


def describe(network):
    """What a checkpoint says of a network beside its parameters: which model it is, and what it is built with."""
    return {"model": type(network).__name__, "settings": network.settings}


def restore_network(cls, path, arrays, description):
    """A network of class `cls` from what `checkpoint.load(path)` gave, which may hold more (a run's optimiser, say).

    Raises CheckpointError.
    """
    if description.get("model") != cls.__name__:
        raise CheckpointError(f"{path}: expected a saved {cls.__name__}, got {description.get('model', 'no model')}")
    try:
        settings = dict(description["settings"])
        sizes = [settings[name] for name in ("input_dim", "hidden_dim", "latent_dim")]
        params = {}
        for suffix, shape in cls.layers(*sizes).items():       # compared before anything of these sizes is built
            for name, expected in (("W" + suffix, shape), ("b" + suffix, shape[1:])):
                params[name] = arrays[name]
                if params[name].shape != expected or params[name].dtype != settings["dtype"]:
                    raise InvalidValueError(f"{name}: expected {settings['dtype']} of shape {expected}, "
                                            f"got {params[name].dtype} of shape {params[name].shape}")
                if not np.isfinite(params[name]).all():
                    raise InvalidValueError(f"{name}: expected finite numbers")
        network = cls(**settings)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: does not describe a {cls.__name__} that can be built ({error})") from error
    network.params = params
    return network

"""The optimisers: SGD with momentum, and Adam. Both change the parameters in place."""
import math

import numpy as np

from .errors import InvalidTypeError, InvalidValueError, check_count, check_like, check_number

# A step is bound by memory more than by arithmetic: all its passes run over one block of so many
# elements before they go on to the next, so that the block stays in the processor's cache. (Sizes
# from 32,768 to 131,072 measured alike, smaller ones up to 1.7 times as slow.)
BLOCK = 65_536


class SGD:
    """Stochastic gradient descent with momentum.

    params: the dictionary of arrays to be changed in place
    lr: the learning rate, above 0; momentum: in [0, 1), 0 for none
    Source: Sutskever et al. 2013, in the form that PyTorch uses (lr outside the velocity).
    """

    def __init__(self, params, lr=0.01, momentum=0.9):
        self.params = _check_params(params)
        self.lr = check_number("lr", lr, above=0)
        self.momentum = check_number("momentum", momentum, at_least=0, below=1)
        self.velocity = {name: np.zeros_like(param) for name, param in params.items()}

    def step(self, grads):
        """Change every parameter once, by its gradient.

        grads: a dictionary like params.  Raises ValueError if its keys or shapes differ.
        """
        check_like("grads", grads, _check_params(self.params))
        for param, grad, velocity, scratch in _blocks(self.params, grads, self.velocity):
            velocity *= self.momentum                # velocity = momentum velocity + grad
            velocity += grad
            param -= np.multiply(self.lr, velocity, out=scratch)

    def state(self):
        """What a resumed run needs besides the parameters: arrays and plain numbers, by name."""
        return _prefixed("velocity", self.velocity), {}

    def set_state(self, arrays, numbers):
        """Take over what `state` gave (of plain numbers, SGD has none)."""
        self.velocity = _unprefixed("velocity", arrays, self.params)


class Adam:
    """Adam: every parameter moves by its mean gradient over that gradient's root mean square.

    params: the dictionary of arrays to be changed in place
    lr: the learning rate, above 0; beta1, beta2: in [0, 1); adam_eps: above 0
    Source: Kingma & Ba 2015, algorithm 1.
    """

    def __init__(self, params, lr=1e-3, beta1=0.9, beta2=0.999, adam_eps=1e-8):
        self.params = _check_params(params)
        self.lr = check_number("lr", lr, above=0)
        self.beta1 = check_number("beta1", beta1, at_least=0, below=1)
        self.beta2 = check_number("beta2", beta2, at_least=0, below=1)
        self.adam_eps = check_number("adam_eps", adam_eps, above=0)
        self.m = {name: np.zeros_like(param) for name, param in params.items()}
        self.v = {name: np.zeros_like(param) for name, param in params.items()}
        self.t = 0

    def step(self, grads):
        """Change every parameter once, by its gradient.

        grads: a dictionary like params.  Raises ValueError if its keys or shapes differ.
        """
        # m = β1 m + (1 - β1) g         the running mean of the gradient        m̂ = m / (1 - β1^t)
        # v = β2 v + (1 - β2) g²        and of its square                       v̂ = v / (1 - β2^t)
        # param = param - lr m̂ / (√v̂ + adam_eps)
        # Both means start at 0 and are biased towards it; m̂ and v̂ divide that bias out. One pass
        # over the memory is saved (the paper, section 2) by writing the last line, with
        # r = √(1 - β2^t), as     param - (lr r / (1 - β1^t)) m / (√v + r adam_eps)
        check_like("grads", grads, _check_params(self.params))
        self.t += 1
        r    = math.sqrt(1 - self.beta2 ** self.t)
        rate = self.lr * r / (1 - self.beta1 ** self.t)
        for param, grad, m, v, scratch in _blocks(self.params, grads, self.m, self.v):
            m *= self.beta1                          # m = β1 m + (1 - β1) g
            m += np.multiply(1 - self.beta1, grad, out=scratch)

            v *= self.beta2                          # v = β2 v + (1 - β2) g²
            np.multiply(grad, grad, out=scratch)
            v += np.multiply(1 - self.beta2, scratch, out=scratch)

            np.sqrt(v, out=scratch)                  # param = param - rate m / (√v + r adam_eps)
            scratch += r * self.adam_eps
            np.divide(m, scratch, out=scratch)
            param -= np.multiply(rate, scratch, out=scratch)

    def state(self):
        """What a resumed run needs besides the parameters: arrays and plain numbers, by name."""
        return _prefixed("m", self.m) | _prefixed("v", self.v), {"t": self.t}

    def set_state(self, arrays, numbers):
        """Take over what `state` gave."""
        self.m = _unprefixed("m", arrays, self.params)
        self.v = _unprefixed("v", arrays, self.params)
        self.t = check_count("t", numbers["t"])


def _check_params(params):
    if not isinstance(params, dict):
        raise InvalidTypeError("params: expected a dictionary of arrays, got "
                               f"{type(params).__name__}")
    for name, param in params.items():
        if not isinstance(param, np.ndarray) or param.dtype.kind != "f":
            raise InvalidTypeError(f"params[{name!r}]: expected an array of floating point "
                                   f"numbers, got {param!r:.60}")
        if not (param.flags.c_contiguous and param.flags.writeable):     # a copy would be changed
            raise InvalidValueError(f"params[{name!r}]: expected an array that can be changed in "
                                    "place; take np.array(..., order=\"C\")")
    return params


def _blocks(params, grads, *states):
    """Yield flat views, BLOCK elements long: a parameter, its gradient, its states, and scratch."""
    for name, param in params.items():
        arrays  = [param, grads[name], *(state[name] for state in states)]
        flat    = [np.reshape(array, -1) for array in arrays]
        scratch = np.empty(min(BLOCK, param.size), param.dtype)
        for start in range(0, param.size, BLOCK):
            views = [array[start:start + BLOCK] for array in flat]
            yield *views, scratch[:len(views[0])]


def _prefixed(prefix, arrays):
    return {f"{prefix}.{name}": array.copy() for name, array in arrays.items()}


def _unprefixed(prefix, arrays, params):
    found = {name: arrays[f"{prefix}.{name}"] for name in params if f"{prefix}.{name}" in arrays}
    check_like(f"optimiser's {prefix}", found, params)
    return {name: np.array(found[name], params[name].dtype) for name in params}

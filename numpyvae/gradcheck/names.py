"""Names: how people call the gradient of W.

    dW, d_W, grad_W, gradW, gW, W_grad, W_gradient
"""
PREFIXES = ("d", "d_", "grad_", "grad", "g")
SUFFIXES = ("_grad", "_gradient")


def spellings(name):
    """All names that the gradient of a part of this name may have."""
    return [prefix + name for prefix in PREFIXES] + [name + suffix for suffix in SUFFIXES]


def part_of(grad, names):
    """The one of these names whose gradient is called so, or None."""
    return next((name for name in names if isinstance(name, str) and grad in spellings(name)), None)

"""12. The linear layer as PyTorch stores it.  (blog, section 2.4: nn.Linear; lesson 12)

PyTorch keeps the weight of nn.Linear with the outputs first, (out, in), and computes

    y = x weightᵀ + bias
    y_no = Σ_i  x_ni weight_oi + bias_o

That is the dense layer of number 1 with one matrix turned over. Autograd has to hand back a
gradient of the weight's own shape:

    dx_ni      = Σ_o  dy_no  ∂y_no / ∂x_ni
    dweight_oi = Σ_n  dy_no  ∂y_no / ∂weight_oi
    dbias_o    = Σ_n  dy_no

Do not turn your answers of number 1 over: write the two sums down, see which index is summed, and
arrange the factors so that it stands in the middle. Which of the three is the same as there?

Before you ask the judge, ask yourself: does each of the three have the shape of what it is the
gradient of?

Replace each `...` below, in any order, and ask the judge, from the folder that holds `tutorials`:

    numpyvae check tutorials/exercises/12_linear_like_pytorch.py:linear,linear_backward
"""
import numpy as np


def linear(x, weight, bias):
    """x: (N, D); weight: (H, D); bias: (H,)  ->  y: (N, H)"""
    return x @ weight.T + bias


def linear_backward(dy, x, weight):
    """dy: (N, H)  ->  dx: (N, D), dweight: (H, D), dbias: (H,)"""
    dx = ...                                     # (N, D), as x
    dweight = ...                                # (H, D), as weight
    dbias = ...                                  # (H,), as bias
    return dx, dweight, dbias


def example():
    """What the judge calls linear with: three examples, and a layer of seven inputs."""
    rng = np.random.default_rng(12)
    N, D, H = 3, 7, 5
    return rng.standard_normal((N, D)), rng.standard_normal((H, D)), rng.standard_normal(H)


# To think about: a state_dict of the blog's module holds ten arrays, and this package the same ten.
# Which of them have to be turned over on the way from one to the other, and what would happen, with
# which error, to whoever forgets it, for fc1 and for fc4?

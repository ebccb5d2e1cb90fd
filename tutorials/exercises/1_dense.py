"""1. The dense layer, y = x W + b.  (blog, section 2.4: nn.Linear; lesson 3 goes more slowly)

The forward is given. Yours is the backward: the loss comes after this layer, and whoever computed
it hands you dy, by how much the loss changes for each entry of y. Turn it into dx, dW and db, by
how much it changes for each entry of those. Here D numbers go in and H come out; N examples stand
below each other, one a row:

    y_nh  = Σ_d x_nd W_dh + b_h                           for n = 1 … N,  h = 1 … H

The chain rule adds up over every entry of y that a number could have touched:

    dW_dh = Σ_n Σ_k  dy_nk  ∂y_nk / ∂W_dh                 likewise dx_nd and db_h

Ask of one weight W_dh: which columns of y does it touch, and which rows? What is the derivative
there? Which of the two sums is left? Ask the same of x_nd and of b_h. Then write each sum over one
index as one product of two matrices (or as one sum along an axis): the shapes in the comments leave
little choice.

A backward is given the gradient of what its forward returned, and then those of its forward's
arguments that it needs, under the same names: here x and W. (Why not b?)

Replace each `...` below, one or all, and ask the judge, from the folder that holds `tutorials`:

    numpyvae check tutorials/exercises/1_dense.py:dense,dense_backward
"""
import numpy as np


def dense(x, W, b):
    """x: (N, D); W: (D, H); b: (H,)  ->  y: (N, H)"""
    return x @ W + b


def dense_backward(dy, x, W):
    """dy: (N, H)  ->  dx: (N, D), dW: (D, H), db: (H,)"""
    dx = ...                                     # (N, D), as x
    dW = ...                                     # (D, H), as W
    db = ...                                     # (H,),   as b
    return dx, dW, db


def example():
    """What the judge calls dense with: three examples, and no two sizes alike."""
    rng = np.random.default_rng(1)
    N, D, H = 3, 7, 5
    return rng.random((N, D)), rng.standard_normal((D, H)), rng.standard_normal(H)


# To think about: if you show the layer the same batch twice over (2N rows), and hand it the same dy
# twice over, what happens to each of the three gradients? Where, then, does a loss that is a mean
# over the batch get its 1/N from?

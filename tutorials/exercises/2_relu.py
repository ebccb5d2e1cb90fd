"""2. The rectifier, h = max(a, 0).  (blog, section 2.4: F.relu in encode and decode; lesson 3)

The shortest exercise: one line. Whoever comes after hands you dh, by how much the loss changes for
each entry of h; turn it into da. Every entry goes its own way, so there is nothing to sum:

    h_nk  = max(a_nk, 0)
    da_nk = dh_nk  ∂h_nk / ∂a_nk

Draw max(a, 0) as a function of the one number a. What is its slope to the left of 0, and to its
right? (At 0 itself it has none; any number between the two slopes is as good as another, and the
package takes the lower.) Then say it for all entries at once: which of the arrays that you are
given tells which side an entry is on? NumPy compares a whole array with a number at once, and in a
product True counts as 1, False as 0.

Replace the `...` below, and ask the judge, from the folder that holds `tutorials`:

    numpyvae check tutorials/exercises/2_relu.py:relu,relu_backward
"""
import numpy as np


def relu(a):
    """a: (N, H)  ->  h: (N, H)"""
    return np.maximum(a, 0)


def relu_backward(dh, a):
    """dh: (N, H)  ->  da: (N, H)"""
    da = ...                                     # (N, H), as a
    return da


def example():
    """What the judge calls relu with: some units open, some shut, none on the kink."""
    rng = np.random.default_rng(19)
    N, H = 3, 5
    return (rng.standard_normal((N, H)),)


# To think about: a unit whose a is below 0 for every example of the data gets the gradient 0. Can
# it ever come back to life? And can it, if it is only shut for every example of this one batch?

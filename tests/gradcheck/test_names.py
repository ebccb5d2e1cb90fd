"""How the gradient of a part may be called."""
import pytest

from numpyvae.gradcheck.names import part_of, spellings


def test_the_spellings():
    assert spellings("W") == ["dW", "d_W", "grad_W", "gradW", "gW", "W_grad", "W_gradient"]


@pytest.mark.parametrize("grad, name", [
    ("dW", "W"), ("grad_b", "b"), ("W_grad", "W"), ("W", None), ("dV", None), (None, None),
    (3, None), ("ddW", "dW")])
def test_the_part_of_a_gradient(grad, name):
    assert part_of(grad, ["W", "b", "dW", 3]) == name

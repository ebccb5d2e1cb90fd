"""Where a layer keeps its parameters and their gradients."""
import numpy as np
import pytest

from numpyvae.gradcheck.slots import slots


class Plain:
    """A layer with these attributes."""

    def __init__(self, **attributes):
        vars(self).update(attributes)


A = np.ones(2)


@pytest.mark.parametrize("attributes, names", [
    ({"params": {"W": A, "n": 3}, "grads": {}}, ["W"]),
    ({"params": {}, "W": A, "dW": A}, ["W"]),
    ({"parameters": {"W": None, "b": A}}, ["b"]),
    ({"params": [A, 1.0]}, ["params[0]", "params[1]"]),
    ({"W": A, "b": A, "grad_b": None}, ["b"]), ({"W": A}, []),
    ({"params": lambda: 1, "W": 3, "dW": A}, []),
    ({"layers": [Plain(), Plain(W=A, dW=A)], "b": A, "db": A}, ["1.W"])])
def test_where_the_parameters_are(attributes, names):
    assert list(slots(Plain(**attributes))) == names


@pytest.mark.parametrize("value, aliased", [(A + 1, True), (A.astype(np.float32), False)])
def test_a_value_is_put_in_place_and_its_gradient_is_zero(value, aliased):
    layer = Plain(params={"W": np.ones(2)}, grads={"W": np.ones(2)})
    W, dW = layer.params["W"], layer.grads["W"]
    slots(layer)["W"].install(value)
    assert layer.params["W"] is (W if aliased else value)
    assert np.array_equal(layer.params["W"], value) and not np.any(dW)
    assert slots(layer)["W"].grad is dW and slots(Plain(params={"W": A}))["W"].grad is None

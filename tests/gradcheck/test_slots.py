"""Where a layer keeps its parameters and their gradients."""
import numpy as np
import pytest

from numpyvae.gradcheck.slots import arrays, members, slots


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


# ---------------------------------------------------------------------- of what a layer is made

def linear(**more):
    return Plain(W=np.ones(2), dW=np.zeros(2), **more)


@pytest.mark.parametrize("layer, names", [
    (Plain(fc=linear(), act=Plain()), ["fc.W"]),
    (Plain(layers=[linear(), linear()]), ["0.W", "1.W"]),
    (Plain(blocks=[linear(), Plain(inner=linear())]), ["blocks.0.W", "blocks.1.inner.W"]),
    (Plain(parts={"a": linear(), "b": (linear(),)}), ["a.W"]),
    (Plain(pair=(linear(),)), ["pair.0.W"]),
    (linear(fc=linear()), ["fc.W", "W"]), (Plain(data=A, grad=None), ["data"]),
    (Plain(W=Plain(data=A, grad=A), data=3, grad=A), ["W"]), (Plain(W=Plain(data=A)), []),
    (Plain(f=np, g=Plain, h=print, a=A, k=lambda: 1), [])])
def test_its_members_are_looked_through(layer, names):
    assert list(slots(layer)) == names


def test_what_is_met_twice_counts_once():
    fc = linear()
    net = Plain(fc=fc, layers=[fc], params=[fc.W], grads=[fc.dW])
    fc.net = net
    assert list(slots(net)) == ["fc.W"] and slots(net)["fc.W"].grad is fc.dW
    assert [name for name, _ in members(net)] == ["fc.", ""]
    shared = Plain(params={"a": A, "b": A})
    assert list(slots(shared)) == ["a"]


@pytest.mark.parametrize("made", [
    Plain(fc=linear()), Plain(fcs=[linear()]), Plain(fcs={"a": linear()}),
    Plain(W=Plain(data=np.ones(2), grad=np.zeros(2))),
    Plain(params={"W": np.ones(2)}, grads={"dW": A}),
    Plain(parameters={1: np.ones(2)}, gradients={"d1": A}), linear()])
def test_a_slot_leads_to_the_parameter_and_its_gradient(made):
    slot, = slots(made).values()
    assert slot.grad is not None and not slot.grad.all() or slot.grad is A
    slot.install(np.full(2, 7.0))
    again, = slots(made).values()
    assert np.array_equal(again.value, [7.0, 7.0])
    again.install(np.full(2, 7, np.float32))
    again, = slots(made).values()
    assert again.value.dtype == np.float32 and not np.any(again.grad)
    A[...] = 1


def test_arrays_of_real_numbers():
    layer = Plain(W=A, n=np.arange(2), bs=[A, A], empty=[], mixed=[A, 3], fc=Plain(v=A, vs=[A]),
                  x=1.5, t=(A,))
    assert list(arrays(layer)) == ["fc.v", "fc.vs[0]", "W", "bs[0]", "bs[1]"]
    for slot in arrays(layer).values():
        assert slot.value is A and slot.grad is None
    place = arrays(layer)["bs[1]"]
    place.values[place.key] = None
    assert layer.bs[1] is None and layer.bs[0] is A

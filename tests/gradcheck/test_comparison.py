"""What is compared of the arguments that come with a layer: token ids, labels, masks, generators,
dictionaries; losses without a dout; and what forward may change.
"""
import pytest

EMBEDDING = """
import numpy as np
def forward(ids, W): return W[ids], (ids, W.shape)
def backward(dout, cache):
    ids, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, ids, dout)
    return dW
def example():
    rng = np.random.default_rng(0)
    return rng.integers(0, 6, (3, 4)), rng.standard_normal((6, 5))
"""
DICTIONARY = """
import numpy as np
def forward(x, params): return x @ params["W"] + params["b"], (x, params)
def backward(dout, cache):
    x, p = cache
    return dout @ p["W"].T, {"W": x.T @ dout, "b": dout.sum(axis=0)}
def example():
    r = np.random.default_rng(0).standard_normal
    return r((3, 4)), {"W": r((4, 5)), "b": r(5)}
"""
LOSS = """
import numpy as np
def forward(h, W, y): return 0.5 * np.sum((h @ W - y) ** 2), (h, W, h @ W - y)
def backward(cache):
    h, W, e = cache
    return e @ W.T, h.T @ e
def example():
    r = np.random.default_rng(0).standard_normal
    return {"W": r((4, 2)), "h": r((3, 4)), "y": r((3, 2))}
"""
NORM = """
import numpy as np
def forward(x, mean, train=True):
    batch = x.mean(axis=0)
    mean *= 0.9
    mean += 0.1 * batch
    return x - batch, None
def backward(dout, cache): return dout - dout.mean(axis=0)
def example(): return np.random.default_rng(0).standard_normal((5, 3)), np.zeros(3)
"""


@pytest.mark.parametrize("returned", [
    "dW", "None, dW", "{'W': dW}", "[dW]", "np.zeros_like(ids), dW", "np.ones(ids.shape), dW"])
def test_token_ids_have_no_gradient(judged, returned):
    status, out, err = judged(EMBEDDING, ("return dW", f"return {returned}"))
    assert status == 0 and not err and "backward is right: 1 gradient agrees" in out
    status, out, err = judged(EMBEDDING, ("return dW", f"return {returned}"),
                              ("np.add.at(dW, ids, dout)", "dW[ids] += dout"))
    assert status == 1 and not err and "backward is wrong" in out


def test_whole_numbers_that_can_be_moved_have_one_if_backward_says_so(judged, layer):
    ints = ("rng.random((3, 7))", "rng.integers(0, 9, (3, 7))")
    assert "backward is right: 3 gradients" in judged(layer, ints)[1]
    assert judged(layer, ints, ("dy @ W.T", "2 * dy @ W.T"))[0] == 1


def test_a_mask_and_labels(judged):
    text = """
import numpy as np
def forward(x, y, m): return np.sum(x[np.arange(3), y] * m), (x, y, m)
def backward(dout, c):
    x, y, m = c
    g = np.zeros_like(x)
    g[np.arange(3), y] = dout * m
    return g, None, None
def example(): return np.ones((3, 4)), np.array([0, 1, 2]), np.array([True, False, True])
"""
    assert judged(text)[0] == 0
    assert judged(text, ("return g, None, None", "return g, 0 * y, m"))[0] == 0
    status, out, _ = judged(text, ("return g,", "return None,"))
    assert status == 1 and "still blank: x\n" in out


@pytest.mark.parametrize("seeded", ["default_rng(3)", "RandomState(3)"])
def test_a_generator_is_copied_for_every_call(judged, seeded):
    status, out, err = judged(f"""
import numpy as np
def forward(x, p, rng):
    mask = (rng.uniform(size=x.shape) < p) / p
    return x * mask, mask
def backward(dout, mask): return dout * mask
def example(): return np.ones((6, 4)), 0.5, np.random.{seeded}
""")
    assert status == 0 and not err and "changes" not in out


def test_a_dictionary_of_parameters(judged):
    status, out, err = judged(DICTIONARY)
    assert status == 0 and not err and "3 gradients agree" in out
    assert [line.split()[0] for line in out.splitlines() if "| yes" in line] == ["x", "W", "b"]
    assert judged(DICTIONARY, ('"b": dout', '"db": dout'))[0] == 0
    status, out, _ = judged(DICTIONARY, ("x.T @ dout", "-x.T @ dout"))
    assert status == 1 and "W: the sign is flipped" in out
    status, out, _ = judged(DICTIONARY, ('{"W": x.T @ dout, "b": dout.sum(axis=0)}', "None"))
    assert status == 1 and "still blank: params" in out


def test_a_dictionary_that_is_changed(judged):
    status, out, _ = judged(DICTIONARY, ("x, p = cache", "x, p = cache; p['W'] *= 2"))
    assert status == 1 and "backward changes W, which it was given" in out


def test_a_loss_whose_backward_takes_no_dout(judged):
    status, out, err = judged(LOSS)
    assert status == 0 and not err
    assert out.startswith("my.py: grads should be the slopes of f\n"
                          "    f     = forward(h, W, y)[0]\n"
                          "    grads = backward(forward(h, W, y)[1])\n")
    status, out, err = judged(LOSS, ("@ e\n", "@ e / 3\n"))
    assert status == 1 and "W: " in out


@pytest.mark.parametrize("returned, parameters, grads", [
    ("0.5 * np.sum((h @ W - y) ** 2)", "h, W, y", "(h, W, y)"),
    ("0.5 * np.sum((h @ W - y) ** 2)", "y, *, h, W, loud=False", "(y, h, W)"),
    ("0.5 * np.sum((h @ W - y) ** 2), 1.0, 2.0", "h, W, y", "(h, W, y)")])
def test_a_loss_whose_backward_takes_its_arguments(judged, returned, parameters, grads):
    status, out, err = judged(LOSS, ("0.5 * np.sum((h @ W - y) ** 2), (h, W, h @ W - y)", returned),
                              ("backward(cache)", f"backward({parameters})"),
                              ("h, W, e = cache", "e = h @ W - y"))
    assert status == 0 and not err and f"grads = backward{grads}\n" in out
    assert "taken for a cache" not in out


def test_running_statistics_are_a_state_of_its_own(judged):
    status, out, err = judged(NORM)
    assert status == 0 and not err
    assert out.endswith("(forward changes its own state: mean. "
                        "Each call was given a copy of it.)\n")
    status, out, _ = judged(NORM, ("x - batch,", "x - mean,"))
    assert status == 1 and "forward changes mean, which it was given" in out

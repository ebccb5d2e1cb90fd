"""Mistakes that are relations between numbers: clips, small constants, penalties, σ² for σ."""
import numpy as np
import pytest

from helpers import draw, silence_required
from numpyvae import check_gradients

both_methods = pytest.mark.parametrize("method", ["central", "complex"])

X, Y, W = draw(0, (6, 4), (6, 5), (4, 5))
RIGHT   = X.T @ (X @ W - Y)


def squares(p):
    return 0.5 * ((X @ p["W"] - Y) ** 2).sum()


def finding(f, params, grads, **options):
    """The one finding on a gradient that is wrong."""
    report = check_gradients(f, params, grads, show=False, **options)
    assert not report.ok and len(report.findings) == 1, report.findings
    return report.findings[0]


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


# ---------------------------------------------------------------------- clipping

@pytest.mark.parametrize("bound", [0.5, 1, 3.21])
@both_methods
def test_a_gradient_that_was_clipped_is_said_to_be(bound, method):
    cut  = np.sum(np.abs(RIGHT) > bound)
    said = finding(squares, {"W": W}, {"W": np.clip(RIGHT, -bound, bound)}, method=method)
    assert said.kind == "clipped" and said.blocks == ("W",)
    assert said.startswith(f"W: it was clipped: {cut} of its elements are cut off at -{bound:g} or "
                           f"{bound:g}; compare it before it is clipped (20 elements compared; ")


def test_bounds_may_differ_and_one_of_them_may_be_missing():
    said = finding(squares, {"W": W}, {"W": np.clip(RIGHT, -1, 0.5)})
    assert "are cut off at -1 or 0.5; " in said
    said = finding(squares, {"W": W}, {"W": np.minimum(RIGHT, 0.5)})
    assert "are cut off at 0.5; " in said


def test_one_element_at_a_bound_of_its_own_was_not_clipped():
    wrong = RIGHT.copy()
    wrong.flat[np.argmax(RIGHT)] -= 0.1                          # it still is the largest
    assert finding(squares, {"W": W}, {"W": wrong}).kind == "part"
    # constant gradients are cut off at nothing, and a clip makes nothing larger
    assert finding(squares, {"W": W}, {"W": np.ones((4, 5))}).kind == "unexplained"


def test_a_gradient_that_was_scaled_to_a_norm_is_said_to_be():
    for size, shrunk in [(1, 0.0), (5, 1e-6), (0.25, 0.0)]:
        wrong  = RIGHT * size / (np.linalg.norm(RIGHT) + shrunk)
        said   = finding(squares, {"W": W}, {"W": wrong})
        assert said.kind == "clipped" and f"the norm of all of it is {size:g}: it was " in said
    assert finding(squares, {"W": W}, {"W": 0.123 * RIGHT}).kind == "some-factor"
    larger = 100 * RIGHT / np.linalg.norm(RIGHT)                 # nobody clips by making it larger
    assert finding(squares, {"W": W}, {"W": larger}).kind == "some-factor"


# ---------------------------------------------------------------------- small constants

L, = draw(3, (4, 6))
P  = sigmoid(L)
BITS = (draw(4, (4, 6))[0] > 0) * 1.0

# f with a constant c, the gradient without, and the parameters
BESIDE = {
    "log":    (lambda p, c: -np.log(p + c).sum(),     lambda p: -1 / p,             P),
    "divide": (lambda p, c: (1 / (p + c)).sum(),      lambda p: -1 / p ** 2,        P),
    "root":   (lambda p, c: np.sqrt(p + c).sum(),     lambda p: 0.5 / np.sqrt(p),   P),
    "1/root": (lambda p, c: (p + c).__pow__(-0.5).sum(), lambda p: -0.5 * p ** -1.5, P),
    "logits": (lambda l, c: -(BITS * np.log(sigmoid(l) + c)
                              + (1 - BITS) * np.log(1 - sigmoid(l) + c)).sum() / 4,
               lambda l: (sigmoid(l) - BITS) / 4, L)}


@pytest.mark.parametrize("c", [1e-6, 1e-5, 1e-4, 1e-3])
@pytest.mark.parametrize("name", BESIDE)
def test_a_small_constant_in_f_is_found(name, c):
    f, slope, at = BESIDE[name]
    said = finding(lambda p: f(p["p"], c), {"p": at}, {"p": slope(at)}, method="complex",
                   sizes={"N": 4})
    few  = "f has a small constant that the gradient leaves out, about "
    assert said.kind == "digits" or said.startswith(f"p: {few}{c:.1g}, as in log(p + 1e-7)")
    assert said.kind == "constant" or c < 1e-5


@pytest.mark.parametrize("name", BESIDE)
def test_a_small_constant_in_the_gradient_is_found(name):
    f, slope, at = BESIDE[name]
    c = 1e-4
    wrong = slope(at + c)
    if name == "logits":
        wrong = P * (1 - P) * (-BITS / (P + c) + (1 - BITS) / (1 - P + c)) / 4
    said = finding(lambda p: f(p["p"], 0), {"p": at}, {"p": wrong}, method="complex",
                   sizes={"N": 4})
    assert said.kind == "constant"
    assert "the gradient has a small constant that f leaves out, about 0.0001" in said


def test_constants_that_are_not_small_are_another_function():
    f, slope, at = BESIDE["logits"]
    said = finding(lambda p: f(p["p"], 0.5), {"p": at}, {"p": slope(at)})
    assert said.kind == "unexplained"


@pytest.mark.parametrize("c", [1e-5, 1e-4])
@both_methods
def test_deep_in_a_network_it_is_nearly_right(c, method):
    def f(p):
        s = sigmoid(X @ p["W"])
        return -np.log(np.where(Y > 0, s, 1 - s) + c).sum()

    said = finding(f, {"W": W / 4}, {"W": X.T @ (sigmoid(X @ W / 4) - (Y > 0))}, method=method)
    assert said.kind == "nearly" and said.startswith("W: nearly right, to ")


# ---------------------------------------------------------------------- the parameters themselves

def test_a_penalty_is_missing_or_too_much():
    def shrunk(p):
        return squares(p) + 0.15 * (p["W"] ** 2).sum()
    said = finding(shrunk, {"W": W}, {"W": RIGHT})
    assert said.kind == "penalty" and said.startswith("W: it lacks 0.3 times the parameter its")
    said = finding(squares, {"W": W}, {"W": RIGHT + 0.3 * W})
    assert said.startswith("W: it has, too much, 0.3 times the parameter itself: ")


N      = 4
MU, LV = draw(5, (N, 3), (N, 3))
EPS, T = draw(6, (N, 3), (N, 3))
DZ     = T * (1 - np.tanh(MU + np.exp(LV / 2) * EPS) ** 2)


def sampled(p):
    return (np.tanh(p["mu"] + np.exp(p["lv"] / 2) * EPS) * T).sum()


def with_kl(p):
    return sampled(p) + 0.5 * (p["mu"] ** 2 + np.exp(p["lv"]) - 1 - p["lv"]).sum() / N


def test_dmu_and_dlogvar_without_the_share_of_the_kl():
    right = {"mu": DZ + MU / N, "lv": DZ * EPS * np.exp(LV / 2) / 2 + (np.exp(LV) - 1) / 2 / N}
    point = {"mu": MU, "lv": LV}
    assert check_gradients(with_kl, point, right, show=False).ok
    said = finding(with_kl, point, {**right, "mu": DZ})
    assert said.kind == "penalty" and said.startswith("mu: it lacks 0.25 times the parameter ")
    said = finding(with_kl, point, {**right, "lv": DZ * EPS * np.exp(LV / 2) / 2})
    assert said.startswith("lv: it lacks 0.125 times exp(p) - 1, p being the parameter itself")


@pytest.mark.parametrize("kl", [0, 1])
def test_the_variance_for_the_standard_deviation(kl):
    wrong = DZ * EPS * np.exp(LV) / 2 + kl * (np.exp(LV) - 1) / 2 / N
    said  = finding((sampled, with_kl)[kl], {"mu": MU, "lv": LV},
                    {"mu": DZ + kl * MU / N, "lv": wrong}, sizes={"N": N})
    assert said.kind == "power" and said.startswith("lv: ½ σ² stands where ½ σ should, ")


def test_two_numbers_are_too_few_for_a_relation():
    said = finding(lambda p: (p["x"] ** 3).sum(), {"x": np.array([1.0, 2.0])},
                   {"x": np.array([3.3, 12.7])})
    assert said.kind == "unexplained"


@pytest.mark.parametrize("dtype", [bool, int, np.float16, np.float32])
@pytest.mark.parametrize("size", [1e-200, 1e-3, 1.0, 1e200])
def test_wrong_gradients_of_any_dtype_and_size_are_compared_without_a_warning(dtype, size):
    p = np.array([[1e-3, 2.0, 400.0], [800.0, 0.5, 3.0]])
    with silence_required():
        for sign in (1, -1):
            report = check_gradients(lambda q: size * (q["p"] ** 2).sum(), {"p": sign * p},
                                     {"p": (np.arange(6).reshape(2, 3) > 2).astype(dtype)},
                                     sizes={"N": 2}, show=False)
            assert not report.ok

"""Against PyTorch: its losses, gradients and Adam steps are on file, under its own names."""
import ast
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers import norm_error
from numpyvae import VAE, Adam, Autoencoder
from numpyvae.errors import InvalidTypeError, InvalidValueError
from numpyvae.gallery import pytorch

FOLDER = Path(__file__).parent
REFERENCE = pytorch.on_file()
CASES = [key.removesuffix("/loss") for key in REFERENCE if key.endswith("/loss")]
MODELS = {"VAE": VAE, "Autoencoder": Autoencoder}
LAYERS = {"VAE": ["fc1", "fc21", "fc22", "fc3", "fc4"], "Autoencoder": ["fc1", "fc2", "fc3", "fc4"]}
NAMES = {kind: [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]
         for kind, layers in LAYERS.items()}
D, H, Z = 7, 5, 3


def on_file(prefix):
    """The arrays whose keys are `prefix` and one more name, by that name."""
    return {key.rsplit("/", 1)[1]: array for key, array in REFERENCE.items()
            if key.rsplit("/", 1)[0] == prefix}


def in_torch_names(model, arrays):
    """Arrays like the parameters of `model`, its gradients for example, by PyTorch's names."""
    other = type(model)(**model.settings)
    other.params = arrays
    return other.to_torch_names()


# ---------------------------------------------------------------------- the figures on file

@pytest.mark.parametrize("case", CASES)
def test_losses_and_gradients_are_pytorchs(case):
    kind, likelihood, pixels, *beta = case.split("/")
    model = MODELS[kind].from_torch_names(on_file(kind), likelihood, float(REFERENCE["x_std"]))
    mask = REFERENCE["mask"] if pixels == "masked" else None
    assert mask is None or not mask.all()
    noise = [] if kind == "Autoencoder" else [REFERENCE["eps"], float(*beta)]
    loss, grads = model.loss_and_grads(REFERENCE["x"], *noise, mask=mask)
    expected = on_file(case)
    # Asked for: 1e-12. Measured: losses 7e-16, gradients by block 6e-16.
    np.testing.assert_allclose(np.ravel(loss), expected.pop("loss"), rtol=6e-15)
    assert set(expected) == set(NAMES[kind])
    for name, grad in in_torch_names(model, grads).items():
        assert np.linalg.norm(expected[name]) > 1e-2, "a vacuous case: nothing flows there"
        assert norm_error(grad, expected[name]) <= 6e-15


@pytest.mark.parametrize("kind", MODELS)
def test_twenty_steps_of_adam_are_pytorchs(kind):
    model = MODELS[kind].from_torch_names(on_file(kind))
    adam = Adam(model.params, lr=float(REFERENCE["lr"]))
    for eps in REFERENCE["noise"]:
        _, grads = model.loss_and_grads(REFERENCE["x"], *([eps] if kind == "VAE" else []))
        adam.step(grads)
    for name, moved in model.to_torch_names().items():
        start, expected = on_file(kind)[name], on_file(kind + "/adam")[name]
        assert np.linalg.norm(expected - start) > 0.1 * np.linalg.norm(start)
        assert norm_error(moved - start, expected - start) <= 7e-15      # measured: 7e-16


def test_the_whole_file_is_compared():
    assert len(CASES) == 12
    compared = set()
    for kind in MODELS:
        cases = [case for case in CASES if case.startswith(kind)]
        for prefix in [kind, kind + "/adam", *cases]:
            compared |= {f"{prefix}/{name}" for name in NAMES[kind]}
    inputs = {"torch", "x_std", "lr", "x", "eps", "noise", "mask"}
    assert set(REFERENCE) == inputs | compared | {case + "/loss" for case in CASES}


def test_pytorch_is_nobodys_dependency_and_the_script_names_the_version_that_the_file_is_from():
    assert "torch" not in sys.modules and "make_torch_reference" not in sys.modules
    script = (FOLDER / "reference" / "make_torch_reference.py").read_text(encoding="utf-8")
    assert f"PyTorch {REFERENCE['torch']} " in ast.get_docstring(ast.parse(script))


# ---------------------------------------------------------------------- to and from PyTorch's names

@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param](D, H, Z, rng=1)


def test_names_order_and_orientation_are_those_of_the_module(model):
    arrays = model.to_torch_names()
    assert list(arrays) == NAMES[type(model).__name__]           # the order of module.parameters()
    latent = (Z, H), (Z,)
    middle = latent if isinstance(model, Autoencoder) else latent + latent
    expected = (H, D), (H,), *middle, (H, Z), (H,), (D, H), (D,)
    assert tuple(array.shape for array in arrays.values()) == expected
    for array, param in zip(arrays.values(), model.params.values()):
        assert np.array_equal(array, param.T) and array.flags.c_contiguous
        assert not np.shares_memory(array, param)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_there_and_back_to_the_bit(model, dtype):
    model = type(model)(D, H, Z, "gaussian", x_std=0.3, rng=1, dtype=dtype)
    arrays = model.to_torch_names()
    in_any_order = dict(reversed(arrays.items()))
    again = type(model).from_torch_names(in_any_order, "gaussian", 0.3)
    assert again.settings == model.settings and list(again.params) == list(model.params)
    for name, param in again.params.items():
        assert param.dtype == dtype and np.array_equal(param, model.params[name])
        assert param.flags.c_contiguous
        assert not any(np.shares_memory(param, array) for array in arrays.values())
    defaults = {**model.settings, "likelihood": "bernoulli", "x_std": 1.0}
    assert type(model).from_torch_names(arrays).settings == defaults


def test_tensors_are_taken_for_what_numpy_makes_of_them(model):
    class Tensor:
        def __init__(self, array):
            self.array = array

        def __array__(self, dtype=None, copy=None):
            return np.array(self.array, dtype)

    tensors = {name: Tensor(array) for name, array in model.to_torch_names().items()}
    again = type(model).from_torch_names(tensors)
    assert all(np.array_equal(again.params[name], param) for name, param in model.params.items())


def change(name, to):
    return lambda arrays: {**arrays, name: to(arrays[name])}


def shape(name, expected, found):
    return rf"^mapping\['{name}'\]: expected shape \({expected}\), got \({found}\)"


def without(name):
    return lambda arrays: {other: arrays[other] for other in arrays if other != name}


def everywhere(to):
    return lambda arrays: {name: to(array) for name, array in arrays.items()}


def renamed(prefix):
    return lambda arrays: {prefix + name: array for name, array in arrays.items()}


MISSING  = "^mapping: expected the keys fc1.weight, fc1.bias, .*; missing: "
WEIGHTS  = r"^mapping: expected weights of shape \(out, in\), got "
FINITE   = "^mapping: expected finite float64 numbers throughout, got others in "
SPOILED = {
    "nothing":              (lambda arrays: {}, MISSING + "fc1.bias, .*; unknown: none"),
    "one left out":         (without("fc4.bias"), MISSING + "fc4.bias; unknown: none"),
    "one too many":         (lambda arrays: {**arrays, "fc5.bias": np.zeros(3)},
                             MISSING + "none; unknown: fc5.bias"),
    "names of a wrapper":   (renamed("module."), MISSING + ".*; unknown: module.fc1.bias"),
    "a flat weight":        (change("fc1.weight", np.ravel), WEIGHTS + r"\(35,\)"),
    "a deep weight":        (change("fc1.weight", lambda array: array[..., None]),
                             WEIGHTS + r"\(5, 7, 1\)"),
    "the first transposed": (change("fc1.weight", np.transpose), shape("fc1.bias", "7,", "5,")),
    "a column of biases":   (change("fc1.bias", lambda array: array[:, None]),
                             shape("fc1.bias", "5,", "5, 1")),
    "the third transposed": (change("fc3.weight", np.transpose),
                             shape("fc3.weight", "5, 3", "3, 5")),
    "a row left out":       (change("fc4.weight", lambda array: array[:-1]),
                             shape("fc4.weight", "7, 5", "6, 5")),
    "a single bias":        (change("fc4.bias", lambda array: array[0]),
                             shape("fc4.bias", "7,", "")),
    "a bias in float32":    (change("fc1.bias", np.float32), FINITE + "fc1"),
    "a weight in float32":  (change("fc4.weight", np.float32), FINITE + "fc4"),
    "whole numbers":        (change("fc3.bias", lambda array: np.zeros(H, int)), FINITE + "fc3"),
    "NaN":                  (change("fc4.bias", lambda array: array * np.nan), FINITE + "fc4"),
    "infinity":             (change("fc1.weight", lambda array: array + np.inf), FINITE + "fc1"),
}
OTHERS = {
    "a list":        (lambda arrays: list(arrays.items()), "mapping: expected arrays by name"),
    "whole numbers": (everywhere(lambda array: array.astype(int)), "dtype: .*int64"),
    "half floats":   (everywhere(np.float16), "dtype: .*float16"),
    "complex ones":  (everywhere(np.complex128), "dtype: .*complex128"),
    "objects":       (everywhere(lambda array: array.astype(object)), "dtype"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_arrays_that_are_no_such_network_are_refused_in_words(model, name):
    spoil, message = SPOILED[name]
    with pytest.raises(InvalidValueError, match=message):
        type(model).from_torch_names(spoil(model.to_torch_names()))


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_of_another_type_is_refused_in_words(model, name):
    spoil, message = OTHERS[name]
    with pytest.raises(InvalidTypeError, match=message):
        type(model).from_torch_names(spoil(model.to_torch_names()))


def test_the_latent_layers_must_agree_and_the_models_are_told_apart():
    arrays = VAE(D, H, Z).to_torch_names()
    with pytest.raises(InvalidValueError,
                       match=r"\['fc22.weight'\]: expected shape \(3, 5\), got \(2, 5\)"):
        VAE.from_torch_names({**arrays, "fc22.weight": arrays["fc22.weight"][:2]})
    with pytest.raises(InvalidValueError, match=r"\(out, in\), got \(5, 7\), \(15,\)"):
        VAE.from_torch_names({**arrays, "fc21.weight": arrays["fc21.weight"].ravel()})
    with pytest.raises(InvalidValueError,
                       match="missing: fc2.bias, fc2.weight; unknown: fc21.bias"):
        Autoencoder.from_torch_names(arrays)
    with pytest.raises(InvalidValueError, match="likelihood: expected one of"):
        VAE.from_torch_names(arrays, "poisson")
    with pytest.raises(InvalidValueError, match="x_std: expected"):
        VAE.from_torch_names(arrays, "gaussian", 0)

"""Against PyTorch, whose losses, gradients and Adam steps are on file, through the names that
PyTorch has for them.
"""
import ast
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers import norm_error
from numpyvae import VAE, Adam, Autoencoder
from numpyvae.errors import InvalidTypeError, InvalidValueError

FOLDER = Path(__file__).parent
with np.load(FOLDER / "reference" / "torch.npz") as file:
    REFERENCE = dict(file)
CASES = [key.removesuffix("/loss") for key in REFERENCE if key.endswith("/loss")]
MODELS = {"VAE": VAE, "Autoencoder": Autoencoder}
NAMES = {"VAE": ["fc1.weight", "fc1.bias", "fc21.weight", "fc21.bias", "fc22.weight", "fc22.bias",
                 "fc3.weight", "fc3.bias", "fc4.weight", "fc4.bias"], "Autoencoder": ["fc1.weight",
                                                                                      "fc1.bias",
                                                                                      "fc2.weight",
                                                                                      "fc2.bias",
                                                                                      "fc3.weight",
                                                                                      "fc3.bias",
                                                                                      "fc4.weight",
                                                                                      "fc4.bias"]}
D, H, Z = 7, 5, 3


def on_file(prefix):
    """The arrays whose keys are `prefix` and one more name, by that name."""
    return {key.rsplit("/", 1)[1]: array for key, array in REFERENCE.items()
            if key.rsplit("/", 1)[0] == prefix}


def in_torch_names(model, arrays):
    """Arrays that are like the parameters of `model` (its gradients, say) by PyTorch's names."""
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
    # asked for: 1e-12; measured: losses 7e-16, gradients by block 6e-16
    np.testing.assert_allclose(np.ravel(loss), expected.pop("loss"), rtol=6e-15)
    assert set(expected) == set(NAMES[kind])
    for name, grad in in_torch_names(model, grads).items():
        assert np.linalg.norm(expected[name]) > 1e-2, "a vacuous case: nothing flows to this parameter"
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
        # of the way; measured: 7e-16
        assert norm_error(moved - start, expected - start) <= 7e-15


def test_the_whole_file_is_compared():
    assert len(CASES) == 12
    compared = {"/".join([prefix, name]) for kind in MODELS for name in NAMES[kind]
                for prefix in [kind, kind + "/adam",
                               *(case for case in CASES if case.startswith(kind))]}
    inputs = {"torch", "x_std", "lr", "x", "eps", "noise", "mask"}
    assert set(REFERENCE) == inputs | compared | {case + "/loss" for case in CASES}


def test_pytorch_is_nobodys_dependency_and_the_script_names_the_version_that_the_file_is_from():
    assert "torch" not in sys.modules and "make_torch_reference" not in sys.modules
    script = ast.parse((FOLDER / "reference"
                        / "make_torch_reference.py").read_text(encoding="utf-8"))
    assert f"PyTorch {REFERENCE['torch']} " in ast.get_docstring(script)


# ---------------------------------------------------------------------- to and from PyTorch's names

@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param](D, H, Z, rng=1)


def test_names_order_and_orientation_are_those_of_the_module(model):
    arrays = model.to_torch_names()
    # and so that of module.parameters()
    assert list(arrays) == NAMES[type(model).__name__]
    latent = (Z, H), (Z,)
    middle = latent if isinstance(model, Autoencoder) else latent + latent
    assert [array.shape for array in arrays.values()] == [(H, D), (H,), *middle, (H, Z), (H,),
                                                          (D, H), (D,)]
    for array, param in zip(arrays.values(), model.params.values()):
        assert np.array_equal(array, param.T) and array.flags.c_contiguous
        assert not np.shares_memory(array, param)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_there_and_back_to_the_bit(model, dtype):
    model = type(model)(D, H, Z, "gaussian", x_std=0.3, rng=1, dtype=dtype)
    arrays = model.to_torch_names()
    # in any order
    again = type(model).from_torch_names(dict(reversed(arrays.items())), "gaussian", 0.3)
    assert again.settings == model.settings
    for (name, param), (own_name, own) in zip(again.params.items(), model.params.items()):
        assert name == own_name and param.dtype == dtype and np.array_equal(param, own)
        assert param.flags.c_contiguous and not any(np.shares_memory(param, array)
                                                    for array in arrays.values())
    assert type(model).from_torch_names(arrays).settings == {**model.settings,
                                                             "likelihood": "bernoulli",
                                                             "x_std": 1.0}


def test_tensors_are_taken_for_what_numpy_makes_of_them(model):
    class Tensor:
        def __init__(self, array):
            self.array = array

        def __array__(self, dtype=None, copy=None):
            return np.array(self.array, dtype)

    again = type(model).from_torch_names({name: Tensor(array) for name,
                                          array in model.to_torch_names().items()})
    assert all(np.array_equal(again.params[name], param) for name, param in model.params.items())


def change(name, to):
    return lambda arrays: {**arrays, name: to(arrays[name])}


@pytest.mark.parametrize("spoil, error, message", [
    (lambda arrays: {}, InvalidValueError, "mapping: expected the keys fc1.weight, fc1.bias, .*; missing: fc1.b"),
    (lambda arrays: {name: arrays[name] for name in arrays if name != "fc4.bias"}, InvalidValueError,
     "missing: fc4.bias; unknown: none"),
    (lambda arrays: {**arrays, "fc5.bias": np.zeros(3)}, InvalidValueError, "missing: none; unknown: fc5.bias"),
    (lambda arrays: {"module." + name: array for name, array in arrays.items()}, InvalidValueError, "unknown: module."),
    (change("fc1.weight", np.ravel), InvalidValueError, r"weights of shape \(out, in\), got \(35,\)"),
    (change("fc1.weight", lambda array: array[..., None]), InvalidValueError, r"got \(5, 7, 1\)"),
    (change("fc1.weight", lambda array: array.T), InvalidValueError, r"^mapping\['fc1.bias'\]: expected shape \(7,\)"),
    (change("fc1.bias", lambda array: array[:, None]), InvalidValueError, r"\['fc1.bias'\]: .*got \(5, 1\)"),
    (change("fc3.weight", lambda array: array.T), InvalidValueError, r"\['fc3.weight'\]: expected shape \(5, 3\)"),
    (change("fc4.weight", lambda array: array[:-1]), InvalidValueError, r"\['fc4.weight'\]: expected .*got \(6, 5\)"),
    (change("fc4.bias", lambda array: array[0]), InvalidValueError, r"\['fc4.bias'\]: expected shape \(7,\), got \(\)"),
    (change("fc1.bias", np.float32), InvalidValueError, "finite float64 numbers throughout, got others in fc1"),
    (change("fc4.weight", np.float32), InvalidValueError, "finite float64 numbers throughout, got others in fc4"),
    (change("fc3.bias", lambda array: np.zeros(H, int)), InvalidValueError, "got others in fc3"),
    (change("fc4.bias", lambda array: array * np.nan), InvalidValueError, "expected finite .* in fc4"),
    (change("fc1.weight", lambda array: array + np.inf), InvalidValueError, "expected finite .* in fc1"),
    (lambda arrays: list(arrays.items()), InvalidTypeError, "mapping: expected arrays by name"),
    (lambda arrays: {name: array.astype(int) for name, array in arrays.items()}, InvalidTypeError, "dtype: .*int64"),
    (lambda arrays: {name: array.astype(np.float16) for name, array in arrays.items()}, InvalidTypeError, "float16"),
    (lambda arrays: {name: array + 0j for name, array in arrays.items()}, InvalidTypeError, "complex128"),
    (lambda arrays: {name: array.astype(object) for name, array in arrays.items()}, InvalidTypeError, "dtype")])
def test_arrays_that_are_no_such_network_are_refused_in_words(model, spoil, error, message):
    with pytest.raises(error, match=message):
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

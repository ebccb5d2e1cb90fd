"""The page of `numpyvae explore --page`: a trained decoder in one HTML file, for any browser.

What its reader sees stands beside this file, in page.html and page.css; what it does, in decoder.js
(the network), drawing.js and page.js. Here are the data that these are given: the decoder's
weights, the codes of test images, and some of these images.
"""
import base64
import json
import os
from html import escape
from string import Template

import numpy as np

from ..conditional import ConditionalVAE
from ..datasets.pixels import as_floats
from ..errors import InvalidTypeError, InvalidValueError, check_mask
from ..evaluate import USED, encode, mean_kl_per_dim
from ..files import write_atomically

MOST   = 12                          # sliders, so that each can be read from the back of the room
REACH  = 3                           # standard deviations of the prior: from -3 to 3 at least
CODES  = 1000                        # test images whose codes are marked on the plane
IMAGES = 100                         # of these, those that are in the page themselves, and
PIXELS = 4_000_000                   # how many pixels they have at most
SCRIPTS = "decoder.js", "drawing.js", "page.js"
WHOLE  = 2 ** 15 - 1                 # the largest whole number of 16 bits with a sign


def write_page(path, model, x, image_shape, labels=None, mask=None, learned_from="", exact=False,
               home=None, pixel_range=(0, 1)):
    """Write the page of a trained network to `path`, whole or not at all.

    The other arguments are those of `render`.  Raises what it raises, and OSError.
    """
    html = render(model, x, image_shape, labels, mask, learned_from, exact, home, pixel_range)
    text = html.encode("utf-8", "replace")                   # a file's name need not be text
    write_atomically(path, lambda file: file.write(text))


def render(model, x, image_shape, labels=None, mask=None, learned_from="", exact=False, home=None,
           pixel_range=(0, 1)):
    """The HTML of a page on which a reader turns the code, and sees what the decoder makes of it.

    model: a `VAE`, a `ConditionalVAE` or an `IWAE`
    x: (N, D) test images, bytes or numbers; image_shape: (height, width)
    labels: (N,) whole numbers, or None (a conditional VAE needs them)
    mask: (N, D) booleans, True where a pixel was observed, or None
    learned_from: what the images are called; home: the address of a page to go back to, or None
    exact: whether a weight is kept in 32 bits instead of 16
    pixel_range: which pixels are shown as white and as black; others than 0 and 1 if the model's
        pixels are Gaussian
    ->  a page that needs no other file, and no network
    Raises ValueError or TypeError.
    """
    kl = mean_kl_per_dim(model, x, labels)
    if not np.isfinite(kl).all():
        raise InvalidValueError("model: expected a network whose codes are finite, got others; "
                                "train it again, with a smaller learning rate")
    data  = _data(model, x, tuple(map(int, image_shape)), labels, mask, exact, kl, pixel_range)
    about = f"{model.TITLE}, {model.input_dim}-{model.hidden_dim}-{model.latent_dim}"
    if learned_from:
        about += f", learned from {learned_from}"
    back = f'<a href="{escape(home)}">all lessons</a>' if home else ""
    return Template(_read("page.html")).substitute(
        about=escape(about), back=back, style=_read("page.css"),
        script="\n".join(_read(name) for name in SCRIPTS),
        data=json.dumps(data).replace("<", r"\u003c"))       # so that nothing ends its element


def _read(name):
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return file.read()


# ---------------------------------------------------------------------- what the page is given

def _data(model, x, image_shape, labels, mask, exact, kl, pixel_range):
    """What page.js is told, as plain values."""
    if len(image_shape) != 2 or np.prod(image_shape) != model.input_dim:
        raise InvalidValueError(f"image_shape: expected height and width whose product is "
                                f"{model.input_dim}, got {image_shape}")
    labels, kinds = _labels(model, labels, len(x))
    codes, _      = encode(model, x[:CODES])
    M             = model.params.get("M")                    # the mean of each class's prior
    centre, reach = _ranges(codes, M)
    chosen        = _chosen(labels, len(codes))[:max(1, PIXELS // model.input_dim)]
    layers        = _decoder(model.params, *pixel_range)
    return {
        "Z": model.latent_dim, "H": model.hidden_dim, "D": model.input_dim,
        "shape": image_shape, "gaussian": model.likelihood == "gaussian",
        "double": model.dtype == np.float64,
        "kl": np.round(kl, 4).tolist(), "used": USED,
        "order": np.argsort(-kl, kind="stable")[:MOST].tolist(),
        "centre": centre.tolist(), "reach": reach.tolist(),
        "weights": {name: _packed(array, exact) for name, array in layers.items()},
        "M": None if M is None else _packed(M, exact=True),
        "codes": _packed(codes.T, exact),                    # a row for each latent dimension
        "labels": labels, "kinds": kinds,
        "chosen": chosen.tolist(),
        "images": _base64(_bytes(x[chosen], *pixel_range), "u1"),
        "seen": None if mask is None else _base64(check_mask(mask, np.shape(x))[chosen], "u1"),
    }


def _labels(model, labels, N):
    """The labels of the codes, and each kind of them once, in order; or None and none."""
    if labels is None:
        return None, []
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise InvalidTypeError(f"labels: expected whole numbers, got dtype {labels.dtype}")
    if labels.shape != (N,):
        raise InvalidValueError(f"labels: expected shape ({N},), one label for each image, got "
                                f"{labels.shape}")
    labels = labels[:CODES]
    if isinstance(model, ConditionalVAE):
        return labels.tolist(), list(range(model.num_classes))
    return labels.tolist(), np.unique(labels).tolist()


def _ranges(codes, M):
    """How far each dimension can be turned: from centre - reach to centre + reach.

    codes: (N, Z); M: (C, Z), or None where the prior is N(0, I)
    ->  centre, reach: (Z,). The codes lie within, and so does each prior as far as REACH standard
        deviations.
    """
    means  = np.zeros((1, codes.shape[1])) if M is None else M
    low    = means.min(axis=0)
    high   = means.max(axis=0)
    centre = np.round((low + high) / 2, 1).astype(np.float64)
    prior  = REACH + np.maximum(high - centre, centre - low)
    reach  = np.maximum(prior, 1.03 * np.abs(codes - centre).max(axis=0))
    return centre, np.ceil(2 * reach) / 2


def _chosen(labels, N):
    """Which images go into the page: the first IMAGES, or as many of each label, in turn."""
    rows = np.arange(N)
    if labels is None:
        return rows[:IMAGES]
    seen_before = [labels[:i].count(label) for i, label in enumerate(labels)]
    return np.lexsort((labels, seen_before))[:IMAGES]


def _decoder(params, low, high):
    """The decoder's arrays, so that low becomes 0 and high becomes 1."""
    layers = {name: params[name] for name in ("W3", "b3", "W4", "b4")}
    if (low, high) != (0, 1):                                # of a Gaussian, whose mean is a logit
        layers["W4"] = params["W4"] / (high - low)
        layers["b4"] = (params["b4"] - low) / (high - low)
    return layers


def _bytes(x, low, high):
    """Pixels as bytes, low as 0 and high as 255; what is darker or lighter is cut off."""
    return np.round(255 * np.clip((as_floats(x, np.float64) - low) / (high - low), 0, 1))


def _packed(array, exact):
    """An array as text: its shape, and its numbers in 32 bits each, or as 16-bit whole numbers that
    a scale for each row turns into the weights.

    Whole numbers are closer to the weights than 16-bit floating point is, and cannot overflow.
    Biases, which are few, keep their 32 bits.
    """
    if exact or array.ndim == 1:
        return {"shape": array.shape, "numbers": _base64(array, "<f4")}
    scales = (np.abs(array).max(axis=1, keepdims=True) / WHOLE).astype("<f4")
    whole  = np.clip(np.round(array / np.where(scales > 0, scales, 1)), -WHOLE, WHOLE)
    return {"shape": array.shape, "numbers": _base64(whole, "<i2"),
            "scales": _base64(scales, "<f4")}


def _base64(array, dtype):
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode("ascii")

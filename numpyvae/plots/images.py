"""Images: what a network rebuilds, what it invents, what lies between; and rows of any images.

Throughout, images are (N, D), one a row, in [0, 1], and image_shape is (height, width).
"""
import numpy as np

from .paper import Sheet, on_paper, show_images


@on_paper
def reconstructions(groups, image_shape, codes_are="the mean of its code"):
    """Examples above their reconstructions, a double row for each group.

    groups: {title: (x, probs)}, both (N, D), NaN where a pixel was not observed
    codes_are: what each image was rebuilt from, in words
    """
    figure = Sheet(figsize=(15, 0.6 + 3.4 * len(groups)))
    panels = figure.subplots(len(groups), 1, squeeze=False)[:, 0]
    for axes, (title, (x, probs)) in zip(panels, groups.items()):
        show_images(axes, np.concatenate([x, probs]), image_shape, columns=len(x))
        axes.set_title(title)
        upper = "observed" if np.isnan(x).any() else "original"
        for height, name in ((0.75, upper), (0.25, "rebuilt")):
            axes.text(-0.01, height, name, transform=axes.transAxes, ha="right", va="center")
    figure.suptitle(f"Test images, and each rebuilt from {codes_are.replace('its', 'its own')}")
    return figure


@on_paper
def samples(probs, image_shape, prior="the prior, z ~ N(0, I)", columns=None):
    """Decoded draws from the prior.

    probs: (N, D); they fill rows of so many columns, by default 16, or a square if there are more
        than 256
    prior: what the codes were drawn from, in words
    """
    N = len(probs)
    columns = min(N, columns or max(16, round(N ** 0.5)))
    rows = -(-N // columns)
    figure = Sheet(figsize=(15, 0.6 + 15 * rows / columns))
    show_images(figure.subplots(), probs, image_shape, columns)
    one  = "An image that nobody wrote: a code"
    many = f"{N} images that nobody wrote: codes"
    figure.suptitle(f"{many if N > 1 else one} drawn from {prior}, and decoded")
    return figure


@on_paper
def interpolation(starts, paths, ends, image_shape):
    """Decoded straight lines between the codes of two examples, one line a row.

    starts, ends: (R, D) the examples; paths: (R, S, D) what S codes along each line decode to
    """
    rows, steps, D = paths.shape
    width = image_shape[1]
    figure = Sheet(figsize=(15, 6.9))
    ratios = [width + 2, steps * (width + 1) + 1, width + 2]      # in pixels, so all have one scale
    left, middle, right = figure.subplots(1, 3, width_ratios=ratios)
    show_images(left, starts, image_shape, columns=1)
    show_images(middle, paths.reshape(rows * steps, D), image_shape, columns=steps)
    show_images(right, ends, image_shape, columns=1)
    left.set_title("from")
    middle.set_title("decoded, step by step along the line between the two codes")
    right.set_title("to")
    figure.suptitle("Walking through latent space from one test image to another")
    return figure


@on_paper
def image_rows(rows, image_shape, title="", column_titles=()):
    """Rows of any images, each row with its name to the left.

    rows: {name: (N, D)}, NaN where a pixel is unknown
    title: above all rows; column_titles: above the columns, N of them or none
    """
    height, width = image_shape
    columns = max(map(len, rows.values()))
    names  = "\n".join(rows).split("\n")
    shape  = (height + 2) / (width + 1)                           # of an image with its frame
    across = (14.5 - 0.13 * max(map(len, names))) / columns       # inches for one image, or less,
    across = min(across, (10 / len(rows) - 0.25) / shape)         # lest the rows be too high
    figure = Sheet(figsize=(15, 1 + len(rows) * (0.25 + across * shape)))
    panels = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for axes, (name, images) in zip(panels, rows.items()):
        show_images(axes, images, image_shape, columns)
        axes.text(-0.01, 0.5, name, transform=axes.transAxes, ha="right", va="center")
    top = panels[0]
    for column, word in enumerate(column_titles):
        top.text((column + 0.5) / columns, 1.04, word, transform=top.transAxes, ha="center",
                 va="bottom")
    figure.suptitle(title)
    return figure

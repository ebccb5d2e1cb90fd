"""What PyTorch makes of the blog's network: losses, gradients and steps of Adam, on file.

torch.npz beside this room was written once, by tests/reference/make_torch_reference.py.
"""
import os

import numpy as np


def on_file():
    """All arrays that PyTorch recorded, by name  ->  a dictionary.

    "torch" is the version, "x", "eps" and "noise" are what all cases were given; "VAE/fc1.weight"
    is a parameter, and "VAE/bernoulli/whole/1.0/fc1.weight" its gradient in a case: the model, the
    pixels' likelihood, which of them were seen, and β.
    """
    with np.load(os.path.join(os.path.dirname(__file__), "torch.npz")) as file:
        return dict(file)

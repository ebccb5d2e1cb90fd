"""What the options of several commands share: how their names become flags, and kinds of values."""
import argparse


def flag(name):
    """The option that sets the argument of this name: --hidden-dim for hidden_dim."""
    return "--" + name.replace("_", "-")


def whole(text):
    """The whole number in `text`, or a complaint of the parser's."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}") from None


def number(text):
    """The number in `text`, or a complaint of the parser's."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}") from None


def place(text):
    """The name of a file or a folder, or a complaint of the parser's."""
    if not text:
        raise argparse.ArgumentTypeError("expected the name of a file or a folder, got an empty "
                                         "one")
    return text

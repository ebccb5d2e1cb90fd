"""What the lessons exhibit: wrong lines of a VAE and what catches them, and PyTorch's numbers.

    python tutorials/bug_gallery.py              every bug, what catches it, and what that says
    python tutorials/bug_gallery_relatives.py    those of the conditional VAE and of the IWAE

The rooms behind this door; `bugs` is a page to be read:

    programs             the whole VAE as text, and how it is run with wrong lines in it
    bugs                 wrong versions of its lines, each with what catches it
    oracles              what catches those that no gradient check can see
    relatives            the same three of the conditional VAE and of the IWAE: their texts,
    relatives_bugs       their bugs,
    relatives_oracles    and what catches these
    printed              every bug on a page of its own
    pytorch              losses, gradients and steps of Adam that PyTorch put on file
"""

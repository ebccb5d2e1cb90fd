"""Prints the gallery of bugs, continued: those of the conditional VAE and of the IWAE.

    python tutorials/bug_gallery_relatives.py    (2 seconds)

The page to read is numpyvae/gallery/relatives_bugs.py.
"""
import sys

from numpyvae.gallery.printed import command
from numpyvae.gallery.relatives_bugs import BUGS, GALLERY
from numpyvae.gallery.relatives_oracles import catch, right_lines

if __name__ == "__main__":
    sys.exit(command(f"Print {len(BUGS)} wrong versions of the lines of a conditional VAE and an "
                     "IWAE, and for each of them what catches it and what that says.",
                     GALLERY, catch, right_lines))

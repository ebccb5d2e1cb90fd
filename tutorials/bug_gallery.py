"""Prints the gallery of bugs: wrong versions of a VAE's lines, and what catches each.

    python tutorials/bug_gallery.py    (5 seconds)

The page to read is numpyvae/gallery/bugs.py. Lesson 8 takes its examples from there.
"""
import sys

from numpyvae.gallery.bugs import BUGS, GALLERY
from numpyvae.gallery.oracles import catch, right_lines
from numpyvae.gallery.printed import command

if __name__ == "__main__":
    sys.exit(command(f"Print {len(BUGS)} wrong versions of a VAE's lines, and for each of them "
                     "what catches it and what that says.", GALLERY, catch, right_lines))

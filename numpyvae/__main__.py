"""`python -m numpyvae` is `numpyvae`."""
import sys

from .cli import main

sys.exit(main())

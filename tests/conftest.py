"""Settings for all tests: Hypothesis may take its time, keeps no data base, and says how to repeat what failed.

It draws 60 examples where a test does not say how many: new ones in every run.
"""
from hypothesis import settings

settings.register_profile("numpyvae", max_examples=60, deadline=None, database=None, print_blob=True)
settings.load_profile("numpyvae")

"""Settings for all tests: Hypothesis may take its time, keeps no data base, and says how to repeat what failed."""
from hypothesis import settings

settings.register_profile("numpyvae", deadline=None, database=None, print_blob=True)
settings.load_profile("numpyvae")

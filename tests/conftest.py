"""Settings for all tests: Hypothesis may take its time, keeps no data base, and says how to repeat
what failed.

It draws 60 examples where a test does not say how many: new ones in every run. For mutation testing
(the profile is chosen in setup.cfg) they are the same every time, and an example that fails is not
made smaller.
"""
from hypothesis import Phase, settings

settings.register_profile("numpyvae", max_examples=60, deadline=None, database=None,
                          print_blob=True)
settings.register_profile("mutation", settings.get_profile("numpyvae"), derandomize=True,
                          phases=[Phase.explicit, Phase.generate])
settings.load_profile("numpyvae")

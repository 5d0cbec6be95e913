"""What all tests share: the fast synth path, and property tests that do not depend on the machine's speed."""

import sys
from pathlib import Path

import hypothesis

import fastsynth

# The modules of the functions, under the names that they have in a function.
sys.path += [str(folder) for folder in (Path(__file__).parents[1] / "lambda").iterdir() if folder.is_dir()]

fastsynth.enable()  # before anything imports cdktf

# The first run on a machine builds Hypothesis's table of characters, which its time limits take for a slow test.
hypothesis.settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any-machine")

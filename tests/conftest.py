"""What all tests share: the fast synth path, and property tests that do not depend on the machine's speed."""

import hypothesis

import fastsynth

fastsynth.enable()  # before anything imports cdktf

# The first run on a machine builds Hypothesis's table of characters, which its time limits take for a slow test.
hypothesis.settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any-machine")

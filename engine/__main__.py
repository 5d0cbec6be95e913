"""Runs MiniStack in the foreground, corrected. Configured by MiniStack's own environment variables.

`--bare` runs it as it is: the tests show with it what the corrections are for.
"""

import sys
from importlib.metadata import version

from ministack.app import main

from engine import CORRECTED_VERSION

if version("ministack") != CORRECTED_VERSION:
    print(f"MiniStack {version('ministack')}: its corrections are for {CORRECTED_VERSION} and stay out", flush=True)
elif "--bare" not in sys.argv:
    from engine import corrections

    corrections.apply()
del sys.argv[1:]
main()

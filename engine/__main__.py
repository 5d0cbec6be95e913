"""Runs MiniStack in the foreground, corrected. Configured by MiniStack's own environment variables."""

import sys
from importlib.metadata import version

from ministack.app import main

from engine import corrections

if version("ministack") == corrections.MADE_FOR:
    corrections.apply()
else:
    print(f"MiniStack {version('ministack')}: its corrections are for {corrections.MADE_FOR} and stay out", flush=True)
del sys.argv[1:]
main()

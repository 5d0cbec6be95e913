"""Runs MiniStack in the foreground, corrected and behind its doors; configured by MiniStack's environment variables.

`--bare` runs it as it is: the tests show with it what the corrections and the doors are for.
"""

import os
import sys
from importlib.metadata import version

from ministack import app

from engine import CORRECTED_VERSION, doors
from engine.box.confinement import UNCONFINED

if "--bare" not in sys.argv:
    if version("ministack") == CORRECTED_VERSION:
        from engine import corrections, recorder

        corrections.apply()
        recorder.apply()
    elif os.environ.get(UNCONFINED) == "1":
        print(f"MiniStack {version('ministack')}: its corrections are for {CORRECTED_VERSION} and stay out", flush=True)
    else:  # it would run functions as the user
        wrong = f"this is MiniStack {version('ministack')}, and the box for functions is made for {CORRECTED_VERSION}"
        sys.exit(f"{wrong}: `make setup`, or `scripts/local_aws.py start --unconfined`")
    try:
        origins = doors.origins_of(os.environ.get(doors.VARIABLE, ""))
    except ValueError as error:
        sys.exit(str(error))
    app.app = doors.guarded(app.app, doors.Doors(int(app._resolve_port()), origins))
del sys.argv[1:]
app.main()

"""Goes into the box and becomes the function there: `python -I -S launcher.py SPEC`, SPEC as `room.spec` makes it.

The interpreter that starts here runs the handler too, so that a cold start pays for one interpreter only. It is the
base one, not that of the project's virtual environment: what the project has installed is no part of a function.
"""

import json
import os
import resource
import sys
from typing import Any


def main() -> None:
    spec: dict[str, Any] = json.loads(sys.argv[1])
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.path.insert(0, root)
    from engine.box import landlock, namespaces, runtime  # before they are out of sight

    os.umask(0o022)
    try:
        if spec["confinement"] == "box":
            namespaces.enter(spec)
        elif spec["confinement"] == "landlock":
            landlock.enter(spec)
        else:
            os.chdir(spec["code"])
        limit(spec["limits"])
    except OSError as error:
        os.write(2, f"the box of the function cannot be made: {error}\n".encode())
        os._exit(125)
    if command := spec["command"]:
        os.execv(command[0], command)
    sys.path.remove(root)
    for name in [name for name in sys.modules if name.partition(".")[0] == "engine"]:
        del sys.modules[name]  # a function may have a module of that name
    runtime.main(spec["path"])


def limit(limits: dict[str, int]) -> None:
    for name, most in limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (value, value))


if __name__ == "__main__":
    main()

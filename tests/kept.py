"""Tools of the tests that pin other versions of the project's own packages (boto3, for one): not in its lock file, but
each in a virtual environment of its own, which is installed from PyPI once and kept.
"""

import fcntl
import os
import subprocess
import venv
from pathlib import Path

import pytest

import project


def commands(*packages: str) -> Path:
    """The folder with the commands of these packages, such as `awscli==1.46.3`, and a `python` that imports them.

    Where they cannot be installed, the test is skipped and says why; in CI it fails.
    """
    folder = project.LOCAL_DIR / "-".join(packages[0].split("=="))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two processes may run tests
        installed, wanted = folder / "installed", "\n".join(packages)
        if not installed.exists() or installed.read_text() != wanted:
            venv.create(folder, with_pip=True)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages]
            done = subprocess.run(pip, capture_output=True, text=True)
            if done.returncode:
                assert not os.environ.get("CI"), done.stderr
                pytest.skip(f"{wanted} cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
            installed.write_text(wanted)
    return folder / "bin"

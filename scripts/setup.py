"""Installs what the project needs, from its lock files, into its own folder. Run by `make`; safe to run again.

Written so that any Python 3 gets far enough to say which one is needed.
"""

import errno
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOCAL = os.path.join(ROOT, ".local")
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
LOGS = os.path.join(LOCAL, "log")
LAYER = os.path.join(LOCAL, "layer")

SUPPORTED = [(3, 13), (3, 12), (3, 11), (3, 10)]
PIPENV = "pipenv==2026.10.3"
#: pip's own name for --no-compile. Bytecode would take twice the time and nearly half the room, most of it for modules
#: of the provider that no lab uses; Python makes that of the others when it first imports them.
NO_BYTECODE = {"PIP_COMPILE": "0"}
#: The platform of AWS Lambda's python3.13 on x86_64.
LAMBDA_PLATFORM = ["--platform", "manylinux2014_x86_64", "--implementation", "cp", "--python-version", "3.13"]
#: fastsynth.warm_up.NOT_FINISHED: the project works, its first synth is slow.
WARM_UP_NOT_FINISHED = 3
#: What pip, npm and Node write where a disk is full or a quota used up: strerror's words and the error's names.
NO_ROOM = ("No space left on device", "ENOSPC", "Disk quota exceeded", "EDQUOT")


def main():
    if sys.platform == "win32":
        stop("Windows by itself is not supported: use WSL, the Windows Subsystem for Linux")
    os.makedirs(LOGS, exist_ok=True)
    if "--lock" in sys.argv:
        return lock()
    interpreter = find_python()
    if not shutil.which("npm"):
        stop("Node.js is missing: install version 20 or newer, with npm")
    side_by_side(lambda: python_side(interpreter), node_packages)


def side_by_side(*jobs):
    """Do these functions at the same time, and wait for all of them; a failure of one is raised then."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        for job in [pool.submit(job) for job in jobs]:
            job.result()


def python_side(interpreter):
    python_packages(interpreter)
    side_by_side(layer, warm_up)


def python_packages(interpreter):
    if os.path.isdir(VENV) and not os.path.exists(PYTHON):
        shutil.rmtree(VENV)  # its Python has been removed from this machine
    stamp = os.path.join(VENV, ".synced")
    if is_current(stamp, "Pipfile.lock"):
        return
    command = [*pipenv(interpreter), "sync", "--categories", "packages dev-packages layer"]
    step("Python packages", command, pipenv_environment(interpreter))
    done(stamp, "Pipfile.lock")


def node_packages():
    stamp = os.path.join(ROOT, "node_modules", ".synced")
    if not is_current(stamp, "package-lock.json"):
        step("cdktf command line", ["npm", "ci"])
        done(stamp, "package-lock.json")


def layer():
    """The Lambda layer's packages, for Lambda's platform, whatever this machine is."""
    stamp = LAYER + ".synced"
    if is_current(stamp, "Pipfile.lock"):
        return
    with open(os.path.join(ROOT, "Pipfile.lock")) as file:
        locked = json.load(file)["layer"]
    requirements = os.path.join(LOCAL, "layer-requirements.txt")
    with open(requirements, "w") as file:
        for name, package in sorted(locked.items()):
            hashes = " ".join("--hash=" + digest for digest in package["hashes"])
            file.write("{}{} {}\n".format(name, package["version"], hashes))
    shutil.rmtree(LAYER, ignore_errors=True)
    install = [PYTHON, "-m", "pip", "install", "--no-deps", "--no-compile", "--require-hashes", "--requirement"]
    step("Lambda layer", [*install, requirements, "--only-binary=:all:", *LAMBDA_PLATFORM, "--target", LAYER])
    # Command-line programs name this machine's Python, and RECORD their digest: no part of a layer that is the same
    # everywhere.
    shutil.rmtree(os.path.join(LAYER, "bin"), ignore_errors=True)
    for record in glob.glob(os.path.join(LAYER, "*.dist-info", "RECORD")):
        os.remove(record)
    done(stamp, "Pipfile.lock")


def warm_up():
    """What makes every synth fast. Not finished in time, it is tried again by the next set-up and the next synth."""
    stamp = os.path.join(VENV, ".warm")
    if is_current(stamp, "Pipfile.lock"):
        return
    command = [PYTHON, "-m", "fastsynth", "--warm-up"]
    if step("synth warm-up", command, may_end_with=WARM_UP_NOT_FINISHED):
        show("warning: the synth warm-up is not finished: the next synth goes on with it, and takes longer")
    else:
        done(stamp, "Pipfile.lock")


def lock():
    """Resolve the dependencies anew, with the oldest Python, in a folder where no other Python is in use."""
    interpreter = shutil.which("python3.10") or stop("Python 3.10 is needed to lock for 3.10 to 3.13")
    folder = os.path.join(LOCAL, "lock")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    shutil.copy(os.path.join(ROOT, "Pipfile"), folder)
    environment = {
        "PIPENV_PIPFILE": os.path.join(folder, "Pipfile"),
        "PIPENV_VENV_IN_PROJECT": "1",
        "PIPENV_IGNORE_VIRTUALENVS": "1",
        "PIPENV_PYTHON": interpreter,
    }
    step("lock of the Python packages", [*pipenv(interpreter), "lock"], environment)
    with open(os.path.join(folder, "Pipfile.lock")) as file:
        content = json.load(file)
    content["_meta"]["sources"] = []  # the lock names no registry: each machine has its own
    with open(os.path.join(ROOT, "Pipfile.lock"), "w") as file:
        json.dump(content, file, indent=4, sort_keys=True)
        file.write("\n")
    shutil.rmtree(folder)
    step("lock of the Node packages", ["npm", "install", "--package-lock-only"])


def find_python():
    """A Python that the project runs on: this one, or the newest on the PATH."""
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable
    for version in SUPPORTED:
        found = shutil.which("python{}.{}".format(*version))
        if found:
            return found
    return stop("Python 3.10 to 3.13 is needed, and this is {}.{}: install one of them".format(*sys.version_info[:2]))


def pipenv(interpreter):
    """The user's Pipenv, or one of our own."""
    found = shutil.which("pipenv")
    if found:
        return [found]
    folder = os.path.join(LOCAL, "pipenv")
    own = os.path.join(folder, "bin", "python")
    stamp = os.path.join(folder, ".synced")
    if not is_current(stamp, "Pipfile"):
        step("Pipenv's own folder", [interpreter, "-m", "venv", "--clear", folder])
        step("Pipenv", [own, "-m", "pip", "install", "--quiet", PIPENV], NO_BYTECODE)
        done(stamp, "Pipfile")
    return [own, "-m", "pipenv"]


def pipenv_environment(interpreter):
    environment = {"PIPENV_VENV_IN_PROJECT": "1", "PIPENV_IGNORE_VIRTUALENVS": "1", "PIPENV_NOSPIN": "1"}
    environment.update(NO_BYTECODE)
    # An environment that exists keeps its Python: asked for another one, Pipenv would delete its own environment.
    return environment if os.path.exists(PYTHON) else {**environment, "PIPENV_PYTHON": interpreter}


def step(title, command, environment=None, may_end_with=0):
    """Run a command of the set-up, said when it begins and when it is done; return its exit code.

    Any other than 0 and `may_end_with` ends the set-up.
    """
    started = time.time()
    show("{} ...".format(title))
    path = os.path.join(LOGS, "setup-{}.log".format(re.sub(r"\W+", "-", title.lower())))
    with open(path, "wb") as log:
        code = subprocess.call(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    if code not in (0, may_end_with):
        with open(path, errors="replace") as log:
            lines = log.readlines()
        show("{} failed\n{}".format(title, "".join(lines[-12:]).rstrip()))
        if any(word in line for line in lines for word in NO_ROOM):
            stop("{} could not be installed: {}".format(title, full_disk()))
        stop("{} could not be installed; the whole output is in {}".format(title, path))
    show("{}: {:.0f} s".format(title, time.time() - started))
    return code


def full_disk():
    """What to do when there is no room left, with what is left where the set-up writes."""
    places = [
        ("this folder", ROOT),
        ("temporary files", tempfile.gettempdir()),
        ("home folder", os.path.expanduser("~")),
    ]
    free = ["{:.1f} GB for {}, {}".format(shutil.disk_usage(path).free / 1e9, what, path) for what, path in places]
    return "the disk is full. It needs about 1.5 GB, and there are left: {}".format("; ".join(free))


def is_current(stamp, source):
    try:
        with open(stamp) as file:
            return file.read() == digest(source)
    except OSError:
        return False


def done(stamp, source):
    """Note that what `stamp` stands for was done for this content of `source`."""
    with open(stamp, "w") as file:
        file.write(digest(source))


def digest(source):
    """What an installation depends on: the content of its source."""
    with open(os.path.join(ROOT, source), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def show(line):
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def stop(message):
    sys.exit("error: " + message)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            stop(full_disk())
        stop("{}: {}".format(error.filename or "the set-up", error.strerror))

"""Installs what the project needs, from its lock files, into its own folder. Run by `make`; safe to run again.

Written so that any Python 3 gets far enough to say which one is needed.
"""

import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOCAL = os.path.join(ROOT, ".local")
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
LOG = os.path.join(LOCAL, "log", "setup.log")
LAYER = os.path.join(LOCAL, "layer")

SUPPORTED = [(3, 13), (3, 12), (3, 11), (3, 10)]
#: fastsynth.warm_up.NOT_FINISHED: the project works, its first synth is slow.
WARM_UP_NOT_FINISHED = 3
PIPENV = "pipenv==2026.10.3"
#: The platform of AWS Lambda's python3.13 on x86_64.
LAMBDA_PLATFORM = ["--platform", "manylinux2014_x86_64", "--implementation", "cp", "--python-version", "3.13"]


def main():
    os.makedirs(os.path.dirname(LOG), exist_ok=True)
    if "--lock" in sys.argv:
        return lock()
    python_packages()
    node_packages()
    layer()
    warm_up = [PYTHON, "-m", "fastsynth", "--warm-up"]
    step("synth warm-up", warm_up, os.path.join(VENV, ".warm"), "Pipfile.lock", unfinished=WARM_UP_NOT_FINISHED)


def python_packages():
    interpreter = find_python()
    if os.path.isdir(VENV) and not os.path.exists(PYTHON):
        shutil.rmtree(VENV)  # its Python has been removed from this machine
    command = [*pipenv(interpreter), "sync", "--categories", "packages dev-packages layer"]
    step("Python packages", command, os.path.join(VENV, ".synced"), "Pipfile.lock", pipenv_environment(interpreter))


def node_packages():
    if not shutil.which("npm"):
        stop("Node.js is missing: install version 20 or newer, with npm")
    step("cdktf command line", ["npm", "ci"], os.path.join(ROOT, "node_modules", ".synced"), "package-lock.json")


def layer():
    """The Lambda layer's packages, for Lambda's platform, whatever this machine is."""
    stamp = LAYER + ".synced"
    with open(os.path.join(ROOT, "Pipfile.lock")) as file:
        locked = json.load(file)["layer"]
    requirements = os.path.join(LOCAL, "layer-requirements.txt")
    with open(requirements, "w") as file:
        for name, package in sorted(locked.items()):
            hashes = " ".join("--hash=" + digest for digest in package["hashes"])
            file.write("{}{} {}\n".format(name, package["version"], hashes))
    if not is_current(stamp, "Pipfile.lock"):
        shutil.rmtree(LAYER, ignore_errors=True)
    install = [PYTHON, "-m", "pip", "install", "--no-deps", "--no-compile", "--require-hashes", "--requirement"]
    command = [*install, requirements, "--only-binary=:all:", *LAMBDA_PLATFORM, "--target", LAYER]
    step("Lambda layer", command, stamp, "Pipfile.lock")
    # Command-line programs name this machine's Python, and RECORD their digest: no part of a layer that is the same
    # everywhere.
    shutil.rmtree(os.path.join(LAYER, "bin"), ignore_errors=True)
    for record in glob.glob(os.path.join(LAYER, "*.dist-info", "RECORD")):
        os.remove(record)


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
    step("lock of the Python packages", [*pipenv(interpreter), "lock"], None, "Pipfile", environment, folder)
    with open(os.path.join(folder, "Pipfile.lock")) as file:
        content = json.load(file)
    content["_meta"]["sources"] = []  # the lock names no registry: each machine has its own
    with open(os.path.join(ROOT, "Pipfile.lock"), "w") as file:
        json.dump(content, file, indent=4, sort_keys=True)
        file.write("\n")
    shutil.rmtree(folder)
    step("lock of the Node packages", ["npm", "install", "--package-lock-only"], None, "package.json")


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
    if not os.path.exists(own):
        step("Pipenv's own folder", [interpreter, "-m", "venv", "--clear", folder], None, "Pipfile")
    step("Pipenv", [own, "-m", "pip", "install", "--quiet", PIPENV], os.path.join(folder, ".synced"), "Pipfile")
    return [own, "-m", "pipenv"]


def pipenv_environment(interpreter):
    environment = {"PIPENV_VENV_IN_PROJECT": "1", "PIPENV_IGNORE_VIRTUALENVS": "1", "PIPENV_NOSPIN": "1"}
    # An environment that exists keeps its Python: asked for another one, Pipenv would delete its own environment.
    return environment if os.path.exists(PYTHON) else {**environment, "PIPENV_PYTHON": interpreter}


def step(title, command, stamp, source, environment=None, folder=ROOT, unfinished=None):
    """Run a command of the set-up unless `stamp` says that it was done for this content of `source`.

    The exit code `unfinished` is a warning, and the next set-up tries again.
    """
    if stamp and is_current(stamp, source):
        return
    started = time.time()
    show("{} ...".format(title))
    with open(LOG, "ab") as log:
        code = subprocess.call(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    if code and code == unfinished:
        show("warning: the {} is not finished: the next synth goes on with it, and takes longer\n".format(title))
        return
    if code:
        show("{} failed\n".format(title))
        with open(LOG, errors="replace") as log:
            sys.stderr.write("".join(log.readlines()[-12:]))
        stop("{} could not be installed; the whole output is in {}".format(title, LOG))
    if stamp:
        with open(stamp, "w") as file:
            file.write(digest(source))
    show("{}: {:.0f} s\n".format(title, time.time() - started))


def is_current(stamp, source):
    try:
        with open(stamp) as file:
            return file.read() == digest(source)
    except OSError:
        return False


def digest(source):
    """What an installation depends on: the content of its source."""
    with open(os.path.join(ROOT, source), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def show(text):
    """A progress line, written over by the next on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + text)
    elif text.endswith("\n"):
        sys.stderr.write(text)
    sys.stderr.flush()


def stop(message):
    sys.exit("error: " + message)


if __name__ == "__main__":
    main()

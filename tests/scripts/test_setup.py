"""The set-up as a fresh machine sees it: real processes, with programs in place of Pipenv, npm and Python that wait for
what has to happen beside them.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import project

#: A program may wait for another one to have begun: with one after the other, it would for ever.
WAIT = 'for _ in $(seq 600); do [ -e "{0}" ] && break; sleep 0.05; done; [ -e "{0}" ] || exit 9; '
PIPENV_MAKES_PYTHON = 'mkdir -p .venv/bin; cp "{0}" .venv/bin/python; '

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Start]:
    """Starts the set-up of an empty checkout in which these shell commands stand for the programs it runs."""
    begun: list[subprocess.Popen[str]] = []

    def run(pipenv: str = "", npm: str = "", python: str = "") -> "subprocess.Popen[str]":
        checkout, programs = tmp_path / "checkout", tmp_path / "bin"
        for folder in (checkout / "scripts", programs):
            folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(project.ROOT / "scripts" / "setup.py", checkout / "scripts")
        (checkout / "Pipfile.lock").write_text(json.dumps({"layer": {"a": {"version": "==1", "hashes": ["sha256:0"]}}}))
        (checkout / "package-lock.json").write_text("{}")
        _program(tmp_path / "python", python)
        _program(programs / "pipenv", PIPENV_MAKES_PYTHON.format(tmp_path / "python") + pipenv)
        _program(programs / "npm", "mkdir -p node_modules; " + npm)
        process = subprocess.Popen(
            [sys.executable, str(checkout / "scripts" / "setup.py")],
            env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield run
    for process in begun:
        process.kill()
        process.communicate()


def _program(path: Path, commands: str) -> None:
    path.write_text(f"#!/bin/sh\n{commands}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("program", ["main.py", "scripts/setup.py"])
def test_windows_is_sent_to_wsl(program: str) -> None:
    code = f"import runpy, sys; sys.platform = 'win32'; runpy.run_path({program!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], cwd=project.ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: Windows by itself") and "WSL" in done.stderr and done.stderr.count("\n") == 1


def test_each_step_is_said_when_it_begins(begin: Start, tmp_path: Path) -> None:
    setup = begin(pipenv=WAIT.format(tmp_path / "go"))
    assert setup.stderr is not None
    assert "Python packages ...\n" in iter(setup.stderr.readline, "")
    (tmp_path / "go").touch()
    rest, code = setup.communicate(timeout=60)[1], setup.returncode
    assert code == 0, rest
    assert "Python packages: " in rest
    assert rest.index("Lambda layer ...") < rest.index("Lambda layer: ")


def test_node_packages_go_beside_those_of_python(begin: Start, tmp_path: Path) -> None:
    python, npm = tmp_path / "python-packages", tmp_path / "npm"
    setup = begin(pipenv=f"touch {python}; " + WAIT.format(npm), npm=f"touch {npm}; " + WAIT.format(python))
    said = setup.communicate(timeout=60)[1]
    assert setup.returncode == 0, said


def test_warm_up_goes_beside_the_layer(begin: Start, tmp_path: Path) -> None:
    layer, warm_up = tmp_path / "layer", tmp_path / "warm-up"
    setup = begin(
        python=f'case "$*" in *--warm-up*) touch {warm_up}; {WAIT.format(layer)};; '
        f"*) touch {layer}; {WAIT.format(warm_up)};; esac"
    )
    said = setup.communicate(timeout=60)[1]
    assert setup.returncode == 0, said


def test_second_set_up_does_nothing(begin: Start) -> None:
    begin().communicate(timeout=60)
    again = begin(npm="exit 1", pipenv="exit 1", python="exit 1")
    assert (again.communicate(timeout=60)[1], again.returncode) == ("", 0)


def test_unfinished_warm_up_is_said_and_tried_again(begin: Start, tmp_path: Path) -> None:
    setup = begin(python='case "$*" in *--warm-up*) exit 3;; esac')
    said = setup.communicate(timeout=60)[1]
    assert setup.returncode == 0
    assert "warning: the synth warm-up is not finished" in said
    _program(tmp_path / "checkout" / ".venv" / "bin" / "python", "exit 0")
    assert "synth warm-up: " in begin().communicate(timeout=60)[1]
    assert begin().communicate(timeout=60)[1] == ""


@pytest.mark.parametrize("program", ["pipenv", "npm", "python"])
def test_failure_is_one_line_after_what_the_program_said(begin: Start, program: str) -> None:
    failing: dict[str, Any] = {program: "echo what went wrong; exit 1"}
    setup = begin(**failing)
    said = setup.communicate(timeout=60)[1]
    assert setup.returncode == 1
    assert "what went wrong\n" in said
    last = said.splitlines()[-1]
    assert last.startswith("error: ") and "the whole output is in" in last
    assert "what went wrong" in Path(last.rpartition(" ")[2]).read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("program", ["pipenv", "npm"])
def test_full_disk_is_named(begin: Start, program: str) -> None:
    failing: dict[str, Any] = {program: 'cat "$0" > /dev/full || exit 1'}
    said = begin(**failing).communicate(timeout=60)[1]
    assert "the disk is full" in said.splitlines()[-1]
    assert "Traceback" not in said

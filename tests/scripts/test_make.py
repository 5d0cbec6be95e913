"""What `make deploy` and `make destroy` make of what is typed: real make, with a program in place of Python."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import project

Make = Callable[..., "subprocess.CompletedProcess[str]"]
#: Says what reached it, an argument a line; and the context.
STUB = """#!/bin/sh
[ "$1" = scripts/lab.py ] || exit 0
printf '%s\\n' "$@" "context $LAB_CONTEXT"
"""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Runs make in a folder that has nothing but the Makefile and what it calls."""
    shutil.copy(project.ROOT / "Makefile", tmp_path)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "setup.py").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STUB)
    python.chmod(0o755)

    def run(*words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        ours = ("MAKE", "MFLAGS", "LAB", "LOCAL", "YES", "PROFILE", "REGION", "CONTEXT")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return subprocess.run(
            ["make", *words], cwd=tmp_path, env=clean | environ, capture_output=True, text=True, timeout=60
        )

    return run


@pytest.mark.parametrize(
    "lab",
    [
        "$$(touch ran)",
        "$(shell touch ran)",
        "`touch ran`",
        "calculator; touch ran",
        "calculator && touch ran #",
        "'; touch ran; '",
        '"; touch ran; "',
        "calculator bus",
        "*",
    ],
)
@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_a_lab_is_a_word_whatever_it_is(make: Make, tmp_path: Path, command: str, lab: str) -> None:
    for done in (make(command, f"LAB={lab}", "LOCAL=1"), make(command, "LOCAL=1", LAB=lab)):
        assert done.stdout.splitlines() == ["scripts/lab.py", command, lab, "--local", "context "]
        assert not (tmp_path / "ran").exists()


def test_profile_region_and_context_are_words_too(make: Make, tmp_path: Path) -> None:
    words = {"PROFILE": "a b; touch ran", "REGION": "`touch ran`", "CONTEXT": "a='1 2' b=$(shell touch ran)"}
    done = make("deploy", "LAB=calculator", *(f"{name}={value}" for name, value in words.items()))
    options = ["--profile", words["PROFILE"], "--region", words["REGION"]]
    context = "context " + words["CONTEXT"]
    assert done.stdout.splitlines() == ["scripts/lab.py", "deploy", "calculator", *options, context]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("word", "options"),
    [
        *((word, ["--local", "--yes"]) for word in ("1", "true", "yes")),
        *((word, []) for word in ("0", "false", "no", "")),
    ],
)
def test_switches(make: Make, word: str, options: list[str]) -> None:
    done = make("deploy", "LAB=calculator", f"LOCAL={word}", f"YES={word}")
    assert done.stdout.splitlines() == ["scripts/lab.py", "deploy", "calculator", *options, "context "]


@pytest.mark.parametrize("name", ["LOCAL", "YES"])
@pytest.mark.parametrize("word", ["True", "x", "yess", "2", "1 0", "1;", "-", "%"])
def test_a_switch_that_means_neither_is_refused(make: Make, name: str, word: str) -> None:
    done = make("deploy", "LAB=calculator", f"{name}={word}")
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"{name} is 1 or 0 (or yes, no, true, false), not '{word}'" in done.stderr


@pytest.mark.parametrize("words", [[], ["LAB="]])
def test_without_a_lab(make: Make, words: list[str]) -> None:
    done = make("destroy", *words)
    assert done.returncode == 2
    assert "say which lab: make destroy LAB=calculator" in done.stderr


def test_the_context_may_be_in_the_environment(make: Make) -> None:
    assert "context prefix=ana" in make("deploy", "LAB=clock", LAB_CONTEXT="prefix=ana").stdout

"""fastsynth is lazy, looks like the stock behaviour, and gives way to it when something is odd."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENABLE = "import fastsynth; fastsynth.enable()\n"
HOOK = ROOT / "fastsynth" / "lazy-provider.cjs"

Done = subprocess.CompletedProcess[str]
Python = Callable[..., Done]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs a shell script")


def own_lines(stderr: str) -> list[str]:
    """What fastsynth itself said."""
    return [line for line in stderr.splitlines() if line.startswith("fastsynth: ")]


# --- the Python half ---


@pytest.mark.usefixtures("warm")
def test_real_provider_imports_only_what_is_named(python: Python) -> None:
    done = python(
        "-c",
        ENABLE + "from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue\n"
        "import sys; prefix = 'cdktf_cdktf_provider_aws.'\n"
        "print(sorted(name[len(prefix):] for name in sys.modules if name.startswith(prefix)))",
    )
    assert done.stdout.strip() == "['_jsii', '_jsii._private', '_private', 'sqs_queue', 'sqs_queue._private']"
    assert done.stderr == ""


@pytest.mark.usefixtures("warm")
def test_type_that_only_javascript_has_used_is_imported(python: Python) -> None:
    # A construct library in TypeScript creates resources itself; an aspect in Python then meets them.
    done = python(
        "-c",
        ENABLE + "import sys, cdktf, jsii, cdktf_cdktf_provider_aws\n"
        "class Queue: __jsii_type__ = '@cdktf/provider-aws.sqsQueue.SqsQueue'\n"
        "stack = cdktf.TerraformStack(cdktf.App(), 'stack')\n"
        "queue = Queue(); jsii.kernel.create(Queue, queue, [stack, 'queue', {'name': 'queue'}])\n"
        "del jsii._reference_map._refs._refs[queue.__jsii_ref__.ref]\n"
        "module = 'cdktf_cdktf_provider_aws.sqs_queue'\n"
        "print(module in sys.modules, stack.node.find_child('queue').name_input, module in sys.modules)",
    )
    assert done.stdout.strip() == "False queue True", done.stderr


LOOK_AROUND = """
import inspect, sys
import cdktf_cdktf_provider_toy as toy
print(dir(toy), toy.__all__, toy.__doc__, repr(toy))
print([hasattr(toy, name) for name in ("one", "three", "__wrapped__")])
print(toy.one.NAME, toy._private.two is toy.two)
wrong = ["toy.on", "from cdktf_cdktf_provider_toy import three", "import cdktf_cdktf_provider_toy.three"]
for statement in wrong:
    try:
        exec(statement)
    except (AttributeError, ImportError) as error:
        print(type(error).__name__, error, getattr(error, "name", None), getattr(error, "obj", None) is toy)
from cdktf_cdktf_provider_toy import *
from cdktf_cdktf_provider_toy import two as second
print(one, second.NAME, inspect.getsource(toy)[-20:], sorted(name for name in sys.modules if "toy" in name))
print([name for name, _ in inspect.getmembers(toy, inspect.ismodule)])
toy.nothing_like_it
"""


@pytest.mark.usefixtures("toy")
def test_lazy_package_looks_like_the_stock_one(python: Python) -> None:
    stock = python("-c", LOOK_AROUND)
    fast = python("-c", ENABLE + LOOK_AROUND)
    assert fast.stdout == stock.stdout
    assert "has no attribute 'nothing_like_it'" in fast.stderr
    assert fast.stderr.splitlines()[-1] == stock.stderr.splitlines()[-1]


COUNT = """
import sys, cdktf_cdktf_provider_toy
print([name[-3:] for name in sys.modules if name.endswith(("toy.one", "toy.two"))])
"""


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("word", ["off", "0", "false", "No"])
def test_off_switch_restores_the_stock_behaviour(python: Python, word: str) -> None:
    assert python("-c", ENABLE + COUNT).stdout.strip() == "[]"
    done = python("-c", ENABLE + COUNT + "import os; print(os.environ.get('NODE_OPTIONS'))", FASTSYNTH=word)
    assert done.stdout.split("\n")[:2] == ["['one', 'two']", "None"]
    # The first one on a machine compiles what it is about to import, and says so.
    assert [line for line in done.stderr.splitlines() if not line.startswith("fastsynth: compiling ")] == []


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        ("from . import one\nfrom . import two\nEXTRA = 1\n", 1),
        ("from . import one, two\n", 1),
        ("try:\n    from . import one\n    from . import two\nfinally:\n    pass\n", 1),
        ("", 0),  # nothing to gain, so nothing to say
        ("def __getattr__(name):\n    raise AttributeError(name)\n", 0),  # lazy by itself
    ],
)
def test_package_of_another_shape_is_imported_as_is(python: Python, toy: Path, tail: str, said: int) -> None:
    source = (toy / "__init__.py").read_text().partition("\n# Loading")[0]
    (toy / "__init__.py").write_text(source + "\n" + tail)
    done = python("-c", ENABLE + COUNT)
    assert done.stdout == python("-c", COUNT).stdout
    assert len(own_lines(done.stderr)) == len(done.stderr.splitlines()) == said


@pytest.mark.usefixtures("toy")
def test_jsii_that_cannot_import_on_demand_gets_everything(python: Python) -> None:
    done = python("-c", ENABLE + "import jsii; del jsii._reference_map._submodule_fqn_map\n" + COUNT)
    assert done.stdout.strip() == "['one', 'two']"
    assert len(own_lines(done.stderr)) == 1


# --- enable() ---


def test_enable_is_light_and_idempotent_and_keeps_node_options(python: Python) -> None:
    done = python(
        "-c",
        ENABLE * 2 + "import json, os, sys\n"
        "print(json.dumps([os.environ['NODE_OPTIONS'], 'jsii' in sys.modules, 'cdktf' in sys.modules,"
        " sum(type(finder).__name__ == 'LoaderSwap' for finder in sys.meta_path)]))",
        NODE_OPTIONS="--no-warnings",
    )
    assert json.loads(done.stdout) == [f'--no-warnings --require "{HOOK}"', False, False, 2]


def test_child_process_inherits_the_hook_once(python: Python) -> None:
    options = f'--require "{HOOK}"'
    done = python("-c", ENABLE + "import os; print(os.environ['NODE_OPTIONS'])", NODE_OPTIONS=options)
    assert done.stdout.strip() == options


def test_jsii_started_too_early_is_said_in_one_line(python: Python) -> None:
    done = python("-c", "import constructs\n" + ENABLE + "import os; print(os.environ.get('NODE_OPTIONS'))")
    assert done.stdout.strip() == "None"
    assert len(own_lines(done.stderr)) == 1
    assert done.returncode == 0


# --- the Node half ---


@pytest.fixture
def node_project(tmp_path: Path) -> Path:
    """A folder in which Node finds a toy provider; its two indexes tell which one was loaded."""
    lib = tmp_path / "node_modules" / "@cdktf" / "provider-toy" / "lib"
    lib.mkdir(parents=True)
    (lib.parent / "package.json").write_text('{"name": "@cdktf/provider-toy", "main": "lib/index.js"}')
    (lib / "index.js").write_text("module.exports = 'eager';")
    (lib / "lazy-index.js").write_text("module.exports = 'lazy';")
    return tmp_path


def ask_node(project: Path, environment: dict[str, str]) -> Done:
    command = ["node", "--require", str(HOOK), "-p", "require('@cdktf/provider-toy')"]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=60)


def test_node_takes_the_lazy_index(node_project: Path, environment: dict[str, str]) -> None:
    assert ask_node(node_project, environment).stdout == "lazy\n"


def test_node_takes_the_eager_index_when_off(node_project: Path, environment: dict[str, str]) -> None:
    assert ask_node(node_project, environment | {"FASTSYNTH": "off"}).stdout == "eager\n"


def test_provider_without_lazy_index_is_said(node_project: Path, environment: dict[str, str]) -> None:
    (node_project / "node_modules/@cdktf/provider-toy/lib/lazy-index.js").unlink()
    done = ask_node(node_project, environment)
    assert done.stdout == "eager\n"
    assert len(own_lines(done.stderr)) == 1


def test_hook_works_from_an_awkward_folder(node_project: Path, python: Python) -> None:
    # All of it ends up in NODE_OPTIONS, and "type": "module" would make a .js file an ES module.
    folder = node_project / ("""it's a "back\\slash" ü""" if os.name == "posix" else "it's a space")
    shutil.copytree(ROOT / "fastsynth", folder / "fastsynth", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "package.json").write_text('{"type": "module"}')
    done = python(
        "-c",
        ENABLE + "import subprocess; print(fastsynth.__file__, flush=True)\n"
        "subprocess.run(['node', '-p', 'require(\"@cdktf/provider-toy\")'])",
        PYTHONPATH=str(folder),
    )
    assert done.stdout == f"{folder / 'fastsynth' / '__init__.py'}\nlazy\n"
    assert done.stderr == ""


@posix_only
def test_node_that_refuses_the_hook_is_started_again_without_it(python: Python, tmp_path: Path) -> None:
    refusing = tmp_path / "node-without-require"
    refusing.write_text('#!/bin/sh\ncase "$NODE_OPTIONS" in *--require*) exit 9;; esac\nexec node "$@"\n')
    refusing.chmod(0o755)
    (tmp_path / "main.py").write_text(
        "import os; print('once')\nimport constructs; print(constructs.Construct, os.environ['NODE_OPTIONS'])"
    )
    done = python("-m", "fastsynth", "main.py", JSII_NODE=str(refusing), NODE_OPTIONS="--no-warnings")
    assert done.stdout == "once\n<class 'constructs.Construct'> --no-warnings\n", done.stderr
    assert len(own_lines(done.stderr)) == 1
    assert done.returncode == 0


def test_missing_node_is_jsii_s_own_error(python: Python) -> None:
    done = python("-c", ENABLE + "import constructs", JSII_NODE="/nowhere/node")
    assert "\nFileNotFoundError: " in done.stderr
    assert own_lines(done.stderr) == []


def test_missing_hook_file_is_said_in_one_line(python: Python, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "fastsynth", tmp_path / "fastsynth", ignore=shutil.ignore_patterns("*.cjs"))
    done = python("-c", ENABLE + "import os; print(os.environ.get('NODE_OPTIONS'))", PYTHONPATH=str(tmp_path))
    assert done.stdout.strip() == "None"
    assert len(own_lines(done.stderr)) == 1


# --- one Node instead of two ---

WHICH = "import constructs, jsii\nprint(type(jsii._runtime.kernel.provider._process._process).__module__, flush=True)\n"


def test_python_talks_to_the_node_that_does_the_work(python: Python, tmp_path: Path) -> None:
    (tmp_path / "hello.cjs").write_text("console.log('to stdout'); console.error('to stderr')")
    (tmp_path / "empty").mkdir()
    hello = f'--require "{tmp_path / "hello.cjs"}"'
    done = python("-c", ENABLE + WHICH, NODE_OPTIONS=hello, TMPDIR=str(tmp_path / "empty"))
    assert sorted(done.stdout.splitlines()) == ["fastsynth.one_node", "to stdout"]
    assert done.stderr == "to stderr\n"
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_node_that_is_not_needed_goes_without_a_word(python: Python, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = python("-c", ENABLE + "import jsii", TMPDIR=str(tmp_path / "empty"))
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert list((tmp_path / "empty").iterdir()) == []


def test_jsii_with_another_runtime_starts_its_own_way(python: Python, tmp_path: Path) -> None:
    import jsii

    embedded = Path(jsii.__file__).parent / "_embedded" / "jsii"
    for file in embedded.glob("*__*.js"):
        copy = tmp_path.joinpath(*file.name.split("__"))
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(file, copy)
    done = python("-c", ENABLE + WHICH, JSII_RUNTIME=str(tmp_path / "bin" / "jsii-runtime.js"))
    assert (done.stdout, done.stderr) == ("subprocess\n", "")


def test_jsii_that_starts_node_in_another_way_does_so(python: Python) -> None:
    other = "from fastsynth import one_node\none_node._EXPECTED = ('something else',)\n"
    done = python("-c", ENABLE + other + WHICH)
    assert (done.stdout, done.stderr) == ("subprocess\n", "")


# --- the runner ---


def assert_runs_like_plain_python(python: Python, *arguments: str) -> Done:
    plain, ours = python(*arguments), python("-m", "fastsynth", *arguments)
    assert ours.stdout == plain.stdout
    assert ours.stderr == plain.stderr
    assert ours.returncode == plain.returncode
    return ours


WHAT_PYTHON_GIVES = """
import atexit, sys, neighbour
print(sys.argv, sys.path[0], __name__, __file__, __package__, __spec__, __doc__, __cached__, __annotations__)
print(sorted(globals()), vars(sys.modules["__main__"]) is globals(), type(__builtins__), __loader__.path)
atexit.register(lambda: print("exit handlers see", sys.modules["__main__"].neighbour))
"""

CHAINED_ERRORS = """
def fail():
    raise ValueError("no")
try:
    fail()
except ValueError as error:
    raise KeyError("x") from error
"""

SHOWN_ERROR = """
import json, sys
try:
    json.loads("{")
except ValueError as error:
    sys.excepthook(type(error), error.with_traceback(error.__traceback__.tb_next), error.__traceback__)
"""


def test_runner_gives_the_program_what_python_gives(python: Python, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "neighbour.py").write_text("import __main__; print(__main__.__file__)")
    (tmp_path / "sub" / "main.py").write_text(WHAT_PYTHON_GIVES)
    assert_runs_like_plain_python(python, str(Path("sub", "main.py")), "--warm-up", "-h", "a b")


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import sys; sys.exit(7)", 7),
        ("raise SystemExit('in words')", 1),
        (CHAINED_ERRORS, 1),
        ("this is not python", 1),
        (SHOWN_ERROR, 0),
        ("import sys; sys.excepthook = lambda *error: print(error[:2]); 1 / 0", 1),
    ],
)
def test_runner_ends_like_python(python: Python, tmp_path: Path, program: str, code: int) -> None:
    (tmp_path / "main.py").write_text(program)
    assert assert_runs_like_plain_python(python, "main.py").returncode == code


@posix_only
def test_runner_is_interrupted_like_python(python: Python, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nprint(0)")
    assert_runs_like_plain_python(python, "main.py")


def test_runner_without_a_program(python: Python) -> None:
    missing = python("-m", "fastsynth", "nowhere.py")
    assert missing.returncode == 2
    assert "can't open file 'nowhere.py'" in missing.stderr
    assert python("-m", "fastsynth").returncode == 2


# --- switched off ---

SWITCHED_OFF = """
import fastsynth
fastsynth.enable()
from pathlib import Path
print(*sorted(file.parents[1].name for file in Path("cdktf_cdktf_provider_toy").rglob("*.pyc")))
import cdktf_cdktf_provider_toy.one
"""


def test_stock_start_finds_bytecode(python: Python, toy: Path, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SWITCHED_OFF)
    first = python("main.py", FASTSYNTH="off", PYTHONDONTWRITEBYTECODE="")
    assert first.stdout.split() == ["_jsii", toy.name, "one", "two"]
    assert f"compiling {toy.name}" in first.stderr
    shutil.rmtree(toy / "two" / "__pycache__")  # as a compilation that was interrupted leaves it
    assert "two" in python("main.py", FASTSYNTH="off", PYTHONDONTWRITEBYTECODE="").stdout
    again = python("main.py", FASTSYNTH="off", PYTHONDONTWRITEBYTECODE="")
    assert (again.returncode, again.stderr) == (0, "")


# --- the warm-up ---


@pytest.mark.usefixtures("warm")
def test_warm_up_of_a_warm_cache_starts_no_node(python: Python) -> None:
    done = python("-m", "fastsynth", "--warm-up", JSII_NODE="/nowhere/node")
    assert done.returncode == 0
    assert all(line.endswith(" is ready") for line in done.stdout.splitlines())


def test_warm_up_that_cannot_load_fails(python: Python, tmp_path: Path) -> None:
    nowhere = {"JSII_NODE": "/nowhere/node", "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(tmp_path / "cache")}
    done = python("-m", "fastsynth", "--warm-up", **nowhere)
    assert done.returncode == 1
    assert "cannot be loaded: FileNotFoundError" in done.stderr


@pytest.mark.parametrize("variable", ["FASTSYNTH", "JSII_RUNTIME_PACKAGE_CACHE"])
def test_warm_up_has_nothing_to_do(python: Python, variable: str) -> None:
    done = python("-m", "fastsynth", "--warm-up", **{variable: "off"})
    assert done.returncode == 0
    assert "nothing to warm up" in done.stdout


def test_runner_says_when_a_warm_up_is_due(python: Python, toy: Path, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(f"import {toy.name}")
    entry = tmp_path / "cache" / "@cdktf" / "provider-toy" / "1.0.0" / "digest"
    entry.mkdir(parents=True)
    cache = str(tmp_path / "cache")
    assert "--warm-up" in python("-m", "fastsynth", "main.py", JSII_RUNTIME_PACKAGE_CACHE_ROOT=cache).stderr
    (entry / ".jsii.runtime.v1.json").touch()
    assert python("-m", "fastsynth", "main.py", JSII_RUNTIME_PACKAGE_CACHE_ROOT=cache).stderr == ""


@pytest.mark.slow
def test_cold_warm_up(python: Python, tmp_path: Path) -> None:
    # Nothing may come before it: the folders that an unfinished one leaves make the next one easier.
    cache = {"JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(tmp_path / "cache")}
    done = python("-m", "fastsynth", "--warm-up", **cache)
    assert done.returncode == 0
    assert "done in" in done.stdout
    assert "not finished" not in done.stdout
    assert done.stderr == ""
    again = python("-m", "fastsynth", "--warm-up", JSII_NODE="/nowhere/node", **cache)
    assert again.returncode == 0


@pytest.mark.slow
def test_program_finishes_what_a_warm_up_did_not(python: Python, tmp_path: Path) -> None:
    cache = {"JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(tmp_path / "cache")}
    late = python("-m", "fastsynth", "--warm-up", "--timeout", "0", **cache)
    assert late.returncode == 3
    assert "warning: no index" in late.stderr
    (tmp_path / "main.py").write_text("from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue")
    first = python("-m", "fastsynth", "main.py", **cache)
    assert first.returncode == 0
    assert re.fullmatch(r"fastsynth: @cdktf/provider-aws \S+ had no index: .*\n", first.stderr)
    assert python("-m", "fastsynth", "main.py", **cache).stderr == ""

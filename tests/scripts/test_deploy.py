"""What a deployment and a destruction do before Terraform: real processes, at an endpoint where nothing answers."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.turns import turn

import project
from fastsynth.warm_up import cache_root

Tool = Callable[..., "subprocess.CompletedProcess[str]"]
SCRIPT = project.ROOT / "scripts" / "lab.py"


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """The environment of a local target that is not there, and of a synth that is fast although HOME is new."""
    return {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "CDKTF_OUTPUT": str(tmp_path / "out" / "cdktf.out"),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(cache_root()),
    }


@pytest.mark.parametrize("command", ["deploy", "destroy"])
@pytest.mark.parametrize("lab", ["nosuch", "../x", "c*", "calculator bus"])
def test_a_word_that_is_no_lab_is_named(tool: Tool, nowhere: dict[str, str], command: str, lab: str) -> None:
    done = tool("lab.py", command, lab, "--local", **nowhere)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"error: there is no lab {lab!r}; there are ")
    assert not (project.LOCAL_DIR / "log" / f"{command}-{lab}.log").exists()


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_no_word_at_all_is_no_lab(tool: Tool, nowhere: dict[str, str], command: str) -> None:
    done = tool("lab.py", command, "", "--local", **nowhere)
    assert (done.returncode, done.stderr) == (2, "error: lab is empty; see lab.py --help\n")


#: What even root cannot write in: the kernel's own files.
UNWRITABLE = Path("/sys")
needs_one = pytest.mark.skipif(not UNWRITABLE.is_dir(), reason="this system has no folder that nobody can write in")


@needs_one
@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_a_folder_that_cannot_be_written_is_named(tool: Tool, nowhere: dict[str, str], command: str) -> None:
    done = tool("lab.py", command, "calculator", "--local", **nowhere | {"CDKTF_OUTPUT": str(UNWRITABLE / "cdktf.out")})
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"error: {UNWRITABLE / 'cdktf.out.lock'} cannot be written: ")


@needs_one
@pytest.mark.parametrize(("script", "arguments"), [("local_aws.py", ["env"]), ("local_aws.py", ["start"])])
def test_a_project_that_cannot_be_written_is_named(script: str, arguments: list[str]) -> None:
    done = in_an_unwritable_project(str(project.ROOT / "scripts" / script), *arguments)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"error: {UNWRITABLE}/") and "Traceback" not in done.stderr


@needs_one
def test_an_app_that_cannot_write_says_so_in_a_line(tmp_path: Path, nowhere: dict[str, str]) -> None:
    done = in_an_unwritable_project(str(project.ROOT / "main.py"), CDKTF_OUTDIR=str(tmp_path / "out"))
    assert done.returncode == 1
    assert re.fullmatch(rf"error: {UNWRITABLE}/\S+: .+\n", done.stderr)


def in_an_unwritable_project(program: str, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run a program of the project, whose files of its own would be where nobody can write."""
    code = (
        "import runpy, sys; from pathlib import Path; import fastsynth; fastsynth.enable(); import project\n"
        "import stacks.blocks.code\n"  # it knows the layer's packages, which are there
        f"project.LOCAL_DIR = Path({str(UNWRITABLE)!r}); sys.argv = {[program, *arguments]!r}\n"
        f"sys.path.insert(0, {str(Path(program).parent)!r}); runpy.run_path({program!r}, run_name='__main__')"
    )
    ours = ("AWS_", "LOCAL_AWS", "NODE_OPTIONS", "TF_CLI_CONFIG_FILE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment = {**clean, "LOCAL_AWS_PORT": "9", **environ}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=project.ROOT, env=environment, capture_output=True, text=True, timeout=120
    )


def test_one_deployment_waits_for_another(nowhere: dict[str, str]) -> None:
    folder = Path(nowhere["CDKTF_OUTPUT"])
    command = [sys.executable, str(SCRIPT), "deploy", "calculator", "--local"]
    environment = {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"} | nowhere
    with turn(folder, "destroy all"):
        second = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        assert second.stderr is not None
        lines = iter(second.stderr.readline, "")
        assert any(line == f"waiting for destroy all (process {os.getpid()})\n" for line in lines)
        assert second.poll() is None and not folder.exists()
    second.communicate(timeout=120)
    assert second.returncode == 5  # it has gone on, to where nothing answers
    assert (folder / "stacks" / "calculator").is_dir()


def test_a_turn_ends_with_its_process(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path[:0] = [{str(SCRIPT.parent)!r}]\n"
        "from pathlib import Path; from kit.turns import turn\n"
        f"with turn(Path({str(tmp_path / 'cdktf.out')!r}), 'deploy all'): print('mine', flush=True); input()"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "mine\n"
    holder.kill()
    holder.communicate()
    with turn(tmp_path / "cdktf.out", "deploy all"):
        pass

"""The commands by hand on the labs' pages run as they stand, with an AWS CLI version 1; nothing leaves the laptop.

Version 2, which no package registry has, is not here: the pages use only what both versions know (AWS CLI User Guide,
"Migration guide for the AWS CLI version 2").
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from views import empty

from main import LABS
from shell import ROOT, Shell

#: Nothing answers at the discard service's port: what would leave fails there.
NOWHERE = "http://127.0.0.1:9"
#: What only version 2 knows, and what it alone takes for base64.
VERSION_2 = re.compile(r"--cli-binary-format|--no-cli-pager|aws logs tail|--(payload|data) (?!fileb://)")


def commands(lab: str) -> str:
    page = (ROOT / "docs" / "labs" / f"{lab}.md").read_text()
    return page.split("\n## By hand\n")[1].split("```sh\n")[1].split("```")[0]


@pytest.mark.parametrize("lab", [lab.lab for lab in LABS])
def test_the_commands_of_a_page(labs: Shell, aws_cli: Path, tmp_path: Path, lab: str) -> None:
    if not labs.port:
        pytest.skip("the pages' first line turns the shell to the emulator")
    lines = commands(lab)
    assert not VERSION_2.search(lines)
    path = f"{aws_cli}:{Path(sys.executable).parent}:{labs.environ['PATH']}"
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)
    environ = {**labs.environ, **proxies, "HOME": str(tmp_path), "PATH": path}
    command = ["bash", "-c", f"set -euo pipefail\n{lines}"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    empty(labs, lab)

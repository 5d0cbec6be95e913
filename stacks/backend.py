"""Where Terraform keeps a lab's state: a file for AWS, and another for every other endpoint."""

import json
from pathlib import Path

from cdktf import App, LocalBackend, TerraformStack

import project


def keep_state(stack: TerraformStack, lab: str, endpoint: str | None) -> None:
    """Give the stack the state file of its target.

    Terraform remembers in its working folder which file it used, and refuses to go on with another one. Going from
    the laptop to AWS and back is everyday work here, so a memory of the other target is wiped: the file holds nothing
    else, and both states stay where they are.
    """
    path = project.state_file(lab, endpoint)
    LocalBackend(stack, path=str(path))
    memory = Path(App.of(stack).outdir) / "stacks" / lab / ".terraform" / "terraform.tfstate"
    try:
        remembered = json.loads(memory.read_text())["backend"]["config"]["path"]
    except (OSError, ValueError, KeyError):
        return
    if remembered != str(path):
        memory.unlink()

"""Where Terraform keeps a lab's state: a file for AWS, another for every other endpoint, or an object in S3."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cdktf import App, LocalBackend, S3Backend, TerraformStack

import project
from stacks.settings import Settings


def keep_state(stack: TerraformStack, lab: str, settings: Settings) -> None:
    """Give the stack the state of its target.

    Terraform remembers in its working folder which state it used, and refuses to go on with another one. Going from
    the laptop to AWS and back is everyday work here, so a memory of the other target is wiped: the file holds nothing
    else, and both states stay where they are.
    """
    place = project.state_object(lab, {"state": settings.state, "prefix": settings.prefix}, settings.region)
    if place:
        bucket, key = place
        S3Backend(
            stack,
            bucket=bucket,
            key=key,
            region=settings.region,
            encrypt=True,
            use_path_style=True if settings.endpoint else None,
        )
        # A lock beside the state, so that two deployments do not write it at once; cdktf does not know it yet.
        stack.add_override("terraform.backend.s3.use_lockfile", True)
        own = {"bucket": bucket, "key": key}
    else:
        own = {"path": str(project.state_file(lab, settings.endpoint, settings.prefix))}
        LocalBackend(stack, **own)
    folder = Path(App.of(stack).outdir) / "stacks" / lab
    forget(folder, lambda remembered: any(remembered.get(key) != value for key, value in own.items()))


def forget(folder: Path, is_another: Callable[[dict[str, Any]], bool]) -> None:
    """Wipe Terraform's memory of the state that it used in a stack's folder, if that was another one."""
    memory = folder / ".terraform" / "terraform.tfstate"
    try:
        remembered = json.loads(memory.read_text())["backend"]["config"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if is_another(remembered):
        memory.unlink()

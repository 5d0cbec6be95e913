"""State per target for the stacks that are no labs: any TerraformStack that main.py adds to the app.

Such a stack has one state file, for whatever it is applied to: applied here, then on AWS, then destroyed, one of the
two lives on, and nobody knows. On the laptop Terraform therefore merges an override file over it: the state is with
those of the labs then, in the folder of the endpoint. On AWS the stack is as it is written.
"""

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import project
from stacks.backend import forget

#: Terraform reads files with this ending last, and merges each block over the one of the same name (Terraform
#: language documentation, "Override Files").
OVERRIDE = "zz_target_override.tf.json"
#: The account of an emulator that is given no other. AWS has none with this number.
EMULATOR_ACCOUNT = "000000000000"


def keep_states_apart(outdir: Path, labs: Collection[str], endpoint: str | None) -> None:
    """Give each synthesized stack in `outdir` that is no lab the state of its target.

    A state file from before, of the laptop alone, goes to the laptop's folder. Raises project.ProjectError, a line for
    each stack, where it holds what belongs to both targets.
    """
    stacks = {}
    # Not the manifest's: where a program has two Apps, it names the stacks of the last one only.
    for path in sorted(outdir.glob("stacks/*/cdk.tf.json")):
        content = json.loads(path.read_text())
        if (name := content["//"]["metadata"]["stackName"]) not in labs:
            stacks[name] = path, content
    problems = [problem for name, (path, content) in stacks.items() if (problem := _take_over(name, path, content))]
    if problems:
        raise project.ProjectError("\n".join(problems))
    states = {name: _state(name, endpoint) for name in stacks} if endpoint else {}
    owners = {_backend(content): name for name, (_, content) in stacks.items()}
    for name, (path, content) in stacks.items():
        _turn(path.parent, _override(content, states[name], states, owners) if endpoint else None)


def _turn(folder: Path, override: dict[str, Any] | None) -> None:
    """Turn a stack to its target: the laptop where there is an override, AWS where there is none."""
    file = folder / OVERRIDE
    if override:
        file.write_text(json.dumps(override, indent=2))
        state = override["terraform"]["backend"]["local"]["path"]
        forget(folder, lambda remembered: remembered.get("path") != state)
    else:
        file.unlink(missing_ok=True)
        ours = f"{project.LOCAL_DIR}{os.sep}"
        forget(folder, lambda remembered: str(remembered.get("path")).startswith(ours))


def _override(
    content: Mapping[str, Any], state: Path, states: Mapping[str, Path], owners: Mapping[str, str]
) -> dict[str, Any]:
    """What Terraform shall merge over the stack on the laptop."""
    override: dict[str, Any] = {"terraform": {"backend": {"local": {"path": str(state)}}}}
    read = {
        id: {"backend": "local", "config": {"path": str(states[owner])}}
        for id, remote in content.get("data", {}).get("terraform_remote_state", {}).items()
        if (owner := owners.get(json.dumps({remote.get("backend"): remote.get("config")}, sort_keys=True)))
    }
    if read:
        override["data"] = {"terraform_remote_state": read}
    # Virtual-host addresses (bucket.127.0.0.1) do not resolve; see stacks/lab.py.
    providers = [
        {**({"alias": block["alias"]} if "alias" in block else {}), "s3_use_path_style": True}
        for block in content.get("provider", {}).get("aws", [])
    ]
    if providers:
        override["provider"] = {"aws": providers}
    return override


def _backend(content: Mapping[str, Any]) -> str:
    """The stack's own backend, as another stack names it that reads its outputs."""
    return json.dumps(content.get("terraform", {}).get("backend", {}), sort_keys=True)


def _state(name: str, endpoint: str) -> Path:
    return project.endpoint_dir(endpoint) / f"terraform.{name}.tfstate"


def _take_over(name: str, path: Path, content: Mapping[str, Any]) -> str | None:
    """Move the stack's own state file to the laptop's folder, if it is the laptop's; say why if it cannot be moved."""
    backend = content.get("terraform", {}).get("backend", {})
    if "local" not in backend:
        return None
    own = path.parent / backend["local"].get("path", "terraform.tfstate")
    addresses: dict[bool, list[str]] = {True: [], False: []}
    for address, account in _accounts(own):
        addresses[account in _emulator_accounts()].append(address)
    if not addresses[True]:
        return None
    if addresses[False]:
        return (
            f"{name}: {own} holds what was made on the local engine and what was made on AWS. Take the engine's out of "
            f"it, in {path.parent}: `terraform state rm {' '.join(addresses[True])}`"
        )
    place = _state(name, project.endpoint() or f"http://127.0.0.1:{project.local_port()}")
    if any(_accounts(place)):
        return f"{name}: {own} and {place} are both of the local engine: move the one away that is not in use"
    place.parent.mkdir(parents=True, exist_ok=True)
    own.replace(place)
    return None


def _emulator_accounts() -> set[str]:
    return {EMULATOR_ACCOUNT, project.emulator_credentials()["AWS_ACCESS_KEY_ID"]}


def _accounts(state: Path) -> list[tuple[str, str]]:
    """The addresses of what a state manages, with the account that each is in, as far as its ARN says so."""
    try:
        resources = json.loads(state.read_text()).get("resources", [])
    except (OSError, ValueError):
        return []  # none, or nothing that Terraform would go on with either
    found = []
    for resource in resources:
        for instance in resource.get("instances", []) if resource.get("mode") == "managed" else []:
            arn = str((instance.get("attributes") or {}).get("arn", "")).split(":")
            if len(arn) > 5 and arn[4]:
                found.append((f"{resource['type']}.{resource['name']}", arn[4]))
    return found

"""The synthesized stacks as the tools read them: Terraform's JSON, without Terraform."""

import json
import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit import toolchain
from kit.cli import Exit, Stop

import project

#: The attributes that hold a resource's name in the account, in the order in which they are looked for.
NAMES = ("function_name", "alarm_name", "layer_name", "bucket", "name")
REFERENCE = re.compile(r"\$\{(aws_\w+)\.([\w-]+)\.\w+\}")


@dataclass(frozen=True)
class Resource:
    """One resource of a lab, with the values that the stack gives it."""

    lab: str
    kind: str
    id: str
    values: Mapping[str, Any]

    @property
    def address(self) -> str:
        """Its name in Terraform, in which errors and plans speak of it."""
        return f"{self.kind}.{self.id}"

    @property
    def name(self) -> str | None:
        """Its name in the account, or None where AWS gives it one."""
        return next((str(self.values[key]) for key in NAMES if key in self.values), None)

    def json(self, key: str) -> dict[str, Any]:
        """A value that is JSON itself, such as a policy; empty where there is none."""
        return document(self.values.get(key))


@dataclass(frozen=True)
class Stack:
    """A lab's stack, or one of the user's own. `region` is empty where the stack leaves it to the environment."""

    lab: str
    region: str
    resources: tuple[Resource, ...]

    def of(self, *kinds: str) -> list[Resource]:
        """The resources of these kinds."""
        return [resource for resource in self.resources if resource.kind in kinds]

    def target(self, text: object) -> Resource | None:
        """The resource of this stack that a reference, or an ARN known beforehand, points to."""
        if match := REFERENCE.fullmatch(str(text)):
            return next((each for each in self.of(match[1]) if each.id == match[2]), None)
        name = re.split(r"[:/]", str(text))[-1]
        kinds = {"sqs": "aws_sqs_queue", "sns": "aws_sns_topic", "lambda": "aws_lambda_function"}
        service = str(text).split(":")[2] if str(text).count(":") >= 5 else ""
        return next((each for each in self.of(kinds.get(service, "")) if each.name == name), None)

    def consumed(self) -> Iterator[tuple[Resource, Resource, Resource]]:
        """Every event source mapping of this stack with its source and its function."""
        for mapping in self.of("aws_lambda_event_source_mapping"):
            source = self.target(mapping.values.get("event_source_arn"))
            if source and source.kind == "aws_kinesis_stream_consumer":
                source = self.target(source.values.get("stream_arn"))
            function = self.target(mapping.values.get("function_name"))
            if source and function:
                yield mapping, source, function

    def dead_letters(self) -> set[str]:
        """The addresses of the queues in which nothing arrives but what failed."""
        named: list[object] = []
        for resource in self.resources:
            values = resource.values
            named.append(resource.json("redrive_policy").get("deadLetterTargetArn"))
            named.append(((values.get("destination_config") or {}).get("on_failure") or {}).get("destination"))
            named.append(((values.get("destination_config") or {}).get("on_failure") or {}).get("destination_arn"))
            named.append((values.get("dead_letter_config") or {}).get("arn"))
        return {found.address for found in map(self.target, filter(None, named)) if found}


def document(text: object) -> dict[str, Any]:
    """The JSON object that a value is; empty where Terraform works it out: a data source's, or `jsonencode(...)`."""
    try:
        found = json.loads(str(text or "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def output_folder() -> Path:
    """Where cdktf keeps what it synthesized: CDKTF_OUTPUT, or cdktf.out of the project."""
    return project.ROOT / os.environ.get("CDKTF_OUTPUT", "cdktf.out")


def synthesize(folder: Path, environment: Mapping[str, str]) -> None:
    """Run the app as cdktf does, with `folder` as its output. Raises Stop with the app's own words."""
    configuration = json.loads((project.ROOT / "cdktf.json").read_text())
    done = subprocess.run(
        shlex.split(configuration["app"]),
        cwd=project.ROOT,
        env={
            **environment,
            "CDKTF_OUTDIR": str(folder),
            "CDKTF_CONTEXT_JSON": json.dumps(configuration.get("context", {})),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        words = done.stderr.strip() or f"the synth failed: {shlex.join(done.args)}"
        raise Stop(words.removeprefix("error: "), Exit.USAGE)


def stacks_of(lab: str, folder: str | None, region: str) -> list[Stack]:
    """The stacks in a folder that cdktf wrote, or of a fresh synth for a region. Raises Stop."""
    if folder is not None:
        return load(Path(folder), lab)
    with tempfile.TemporaryDirectory() as fresh:
        synthesize(Path(fresh), {**toolchain.clean(os.environ, local=True), "AWS_REGION": region})
        return load(Path(fresh), lab)


def load(folder: Path, lab: str = "all") -> list[Stack]:
    """The stacks in a folder that cdktf wrote: all, or the one of `lab`. Raises Stop where there is none."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text())["stacks"]
    except (OSError, ValueError, KeyError):
        raise Stop(f"{folder} holds no synthesized stacks: run `npx cdktf synth`", Exit.USAGE) from None
    if lab != "all" and lab not in manifest:
        raise Stop(f"there is no lab {lab!r}; there are {', '.join(sorted(manifest))}", Exit.USAGE)
    chosen = sorted(manifest) if lab == "all" else [lab]
    return [_read(folder / manifest[name]["synthesizedStackPath"], name) for name in chosen]


def _read(path: Path, lab: str) -> Stack:
    content = json.loads(path.read_text())
    resources = tuple(
        Resource(lab, kind, id, values)
        for kind, of_kind in content.get("resource", {}).items()
        for id, values in of_kind.items()
    )
    providers = content.get("provider", {}).get("aws") or [{}]
    return Stack(lab, str(providers[0].get("region", "")), resources)

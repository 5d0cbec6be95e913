"""The synth programs that are compared: this project's, stock and fast, and the same with other libraries."""

import json
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from bench import HERE, ROOT, WORK, BenchError
from bench.environments import pinned, python
from bench.process import environment, measure
from bench.samples import Samples
from fastsynth.bytecode import compile_providers

PEERS = HERE / "peers"
#: Each peer with the packages that make it; its requirements and its programs bear its name.
PACKAGES = {
    "cdktn": ("cdktn", "cdktn-provider-aws"),
    "cdktn-aws": ("cdktn", "cdktn-aws"),
    "aws-cdk-lib": ("aws-cdk-lib",),
}
#: A small program with cdktn-aws ends before jsii has written its index; this is the same after that was made by hand.
INDEXED = "cdktn-aws, index made by hand"


@dataclass(frozen=True)
class Synth:
    """A program that writes its output to the folder that the environment names."""

    variant: str
    command: tuple[str, ...]
    environ: dict[str, str]

    def run(self, samples: Samples, case: str, size: str) -> None:
        """Run it once, into an empty folder, and add its time, its memory and the number of resources."""
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            run = measure(self.command, {**self.environ, "CDKTF_OUTDIR": folder, "CDK_OUTDIR": folder})
            resources = count_resources(Path(folder))
        samples.add(case, size, self.variant, seconds=run.seconds, megabytes=run.megabytes, resources=resources)


def ours(program: Path, *arguments: str) -> list[Synth]:
    """A program of this project, stock and fast. Both have jsii's index: the set-up made it; stock has bytecode."""
    compile_providers()
    environ = environment(PYTHONPATH=str(ROOT))
    words = (str(program), *arguments)
    return [
        Synth("stock", (sys.executable, *words), {**environ, "FASTSYNTH": "off"}),
        Synth("fast", (sys.executable, "-m", "fastsynth", *words), environ),
    ]


def peers() -> list[Synth]:
    """The calculator with every peer, and with cdktn-aws a second time, as INDEXED."""
    return [*(_peer(peer, peer, "jsii") for peer in PACKAGES), _peer(INDEXED, "cdktn-aws", "jsii-indexed")]


def prepare_peers() -> None:
    """Make the peers' environments, and run each program twice, so that they are as after a day of use."""
    for synth in peers():
        if _cache(synth).exists():
            continue
        runs = [synth.command, synth.command]
        if synth.variant == INDEXED:
            interpreter, *words = synth.command
            runs = [(interpreter, str(PEERS / "with_index.py"), *words)]
        for command in runs:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                measure(command, {**synth.environ, "CDKTF_OUTDIR": folder, "CDK_OUTDIR": folder})


def has_index(synth: Synth) -> bool:
    """Whether jsii has written its index of every package that the peer's program loads."""
    return all(list(assembly.parent.glob(".jsii.runtime.*.json")) for assembly in _cache(synth).rglob(".jsii"))


def zips() -> tuple[Path, Path]:
    """The code and the layer that the peers hand over: ready-made, so that packing costs them nothing."""
    return _zip("code", ROOT / "lambda" / "calculator"), _zip("layer", ROOT / "lambda" / "layer", ROOT / ".local/layer")


def versions() -> dict[str, str]:
    """What the peers are, with their versions."""
    return {
        peer: ", ".join(f"{name} {pinned(_requirements(peer), name)}" for name in names)
        for peer, names in PACKAGES.items()
    }


def count_resources(outdir: Path) -> int:
    """The resources in a synth's output, Terraform's or CloudFormation's. Raises BenchError when there is none."""
    stacks = [json.loads(path.read_text()) for path in outdir.rglob("cdk.tf.json")]
    templates = [json.loads(path.read_text()) for path in outdir.rglob("*.template.json")]
    count = sum(len(kind) for stack in stacks for kind in stack["resource"].values())
    count += sum(len(template["Resources"]) for template in templates)
    if not count:
        raise BenchError(f"a synth wrote no resources to {outdir}")
    return count


def _peer(variant: str, peer: str, cache: str) -> Synth:
    interpreter = python(peer, _requirements(peer))
    script = PEERS / f"calculator_{peer.replace('-', '_')}.py"
    environ = environment(JSII_RUNTIME_PACKAGE_CACHE_ROOT=str(WORK / peer / cache))
    return Synth(variant, (str(interpreter), str(script), *map(str, zips())), environ)


def _cache(synth: Synth) -> Path:
    return Path(synth.environ["JSII_RUNTIME_PACKAGE_CACHE_ROOT"])


def _requirements(peer: str) -> Path:
    return PEERS / f"{peer}.txt"


def _zip(name: str, *sources: Path) -> Path:
    path = WORK / f"{name}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for source in sources:
            for file in sorted(source.rglob("*.py")):
                archive.write(file, file.relative_to(source))
    return path

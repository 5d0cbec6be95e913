"""An engine on a port of its own with labs deployed on it, driven by the project's scripts as a person would."""

import json
from typing import Any

import project
from bench import ROOT, WORK
from bench.process import Run, environment, measure
from engine.process import Engine, free_port


class Laboratory:
    """Runs an engine while the `with` block lasts; afterwards nothing of it is left.

    Deployments work in a folder of the benchmarks' own, so that they disturb none of the user's. `variables` are
    those of the engine's environment that change what it does.
    """

    def __init__(self, **variables: str) -> None:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        self._engine = Engine(port, project.endpoint_dir(url))
        self._environ = environment(LOCAL_AWS_PORT=str(port), CDKTF_OUTPUT=str(WORK / "cdktf.out"), **variables)

    def __enter__(self) -> "Laboratory":
        self.script("local_aws.py", "start")
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.stop()
        self._engine.remove()

    def script(self, name: str, *arguments: str) -> Run:
        """Run a script as it is typed in a shell. Raises BenchError when it fails."""
        return measure([str(ROOT / "scripts" / name), *arguments], self._environ)

    def client(self, service: str) -> Any:
        """A boto3 client of the engine."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,
            endpoint_url=self._engine.url,
            region_name="us-east-1",
            aws_access_key_id=project.EMULATOR_KEY,
            aws_secret_access_key=project.EMULATOR_KEY,
            config=Config(
                max_pool_connections=20,
                retries={"mode": "standard"},
                ignore_configured_endpoint_urls=True,
                proxies={},  # the engine is on this machine
            ),
        )

    def port(self, lab: str, name: str) -> dict[str, str]:
        """The address that a deployed lab has published under this name."""
        prefix = project.context({})["prefix"]
        value = self.client("ssm").get_parameter(Name=f"/{prefix}/{lab}/{name}")["Parameter"]["Value"]
        address: dict[str, str] = json.loads(value)
        return address

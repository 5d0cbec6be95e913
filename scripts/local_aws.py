#!/usr/bin/env python3
"""Start, stop and look after the local engine: an AWS emulator on this machine, without an account.

eval "$(scripts/local_aws.py env)" makes a shell's aws, terraform and cdktf talk to it.
"""

import argparse

import kit  # noqa: F401  (first: runs the tool in the project's virtual environment)
from kit.cli import Exit, Stop, run
from kit.output import say
from kit.toolchain import local_environment

import project
from engine.process import Engine, EngineError


def main() -> int:
    arguments = parse_arguments()
    engine = engine_on(arguments.port)
    try:
        return {"start": start, "stop": stop, "status": status, "reset": reset, "env": env}[arguments.command](engine)
    except EngineError as error:
        raise Stop(str(error), Exit.NO_CONNECTION) from None


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["start", "stop", "status", "reset", "env"])
    parser.add_argument("--port", type=int, default=project.local_port(), help="default: 4566, or LOCAL_AWS_PORT")
    return parser.parse_args()


def engine_on(port: int) -> Engine:
    """The engine on a port, its files in the folder of its endpoint."""
    return Engine(port, project.endpoint_dir(f"http://127.0.0.1:{port}"))


def start(engine: Engine) -> int:
    from engine import student_account

    started = engine.start()
    student_account.prepare(engine.url, project.emulator_credentials())
    say(f"the local engine {'runs now' if started else 'runs already'} at {engine.url}, log in {engine.log}")
    return Exit.DONE


def stop(engine: Engine) -> int:
    stopped = engine.stop()
    say(f"the local engine on port {engine.port} {'has stopped; its state is kept' if stopped else 'was not running'}")
    return Exit.DONE


def status(engine: Engine) -> int:
    if not engine.is_healthy():
        say(f"no local engine runs on port {engine.port}")
        return Exit.NO_CONNECTION
    print(f"the local engine runs at {engine.url}, process {engine.pid}, log in {engine.log}")
    return Exit.DONE


def reset(engine: Engine) -> int:
    """Forget what is deployed, and Terraform's record of it, which would be wrong."""
    engine.reset()
    for state in engine.folder.glob("terraform.*"):
        state.unlink()
    start(engine)
    return Exit.DONE


def env(engine: Engine) -> int:
    for name, value in local_environment(engine.url).items():
        print(f"export {name}={value}")
    return Exit.DONE


if __name__ == "__main__":
    run(main)

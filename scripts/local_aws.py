#!/usr/bin/env python3
"""Start, stop and look after the local engine: an AWS emulator on this machine, without an account.

eval "$(scripts/local_aws.py env)" makes a shell's aws, terraform and cdktf talk to it;
scripts/local_aws.py aws sqs list-queues runs one command of the AWS CLI on it, in any shell.
docs/local-engine.md says where it behaves like AWS, and where it does not.
"""

import argparse
import os
import shlex
import sys
from typing import NoReturn

from kit.cli import Exit, Parser, Stop, run
from kit.engines import engine_on, start
from kit.output import say
from kit.toolchain import clean, local_environment, sdk_environment

import project
from engine.box.confinement import UNCONFINED, WORDS
from engine.process import CHECK_PERMISSIONS, Engine, EngineError

#: Version 1 of the AWS CLI sends the calls of some services (`aws sqs`, `aws rds`) to AWS as soon as it knows a region,
#: whatever AWS_ENDPOINT_URL says; only this option tells it. One that the user gives comes later, and so wins. Read by
#: bash, zsh and dash; in bash, scripts that the shell starts know the function too.
SHELL_FUNCTION = """aws() { command aws ${AWS_ENDPOINT_URL:+"--endpoint-url=$AWS_ENDPOINT_URL"} "$@"; }
if [ -n "${BASH_VERSION:-}" ]; then export -f aws; fi"""


def main() -> int:
    arguments = parse_arguments()
    for variable, chosen in (
        ("LAB_KINESIS_LIMITS", arguments.kinesis_limits),
        (CHECK_PERMISSIONS, arguments.iam),
        (UNCONFINED, arguments.unconfined),
    ):
        if chosen:
            os.environ[variable] = "1"  # the engine's own name for it
    commands = {"start": start, "stop": stop, "status": status, "reset": reset, "env": env}
    if arguments.command == "aws":
        aws(engine_on(arguments.port), arguments.arguments)
    try:
        commands[arguments.command](engine_on(arguments.port))
    except EngineError as error:
        raise Stop(str(error), Exit.NO_CONNECTION) from None
    return Exit.DONE


def parse_arguments() -> argparse.Namespace:
    words = sys.argv[1:]
    ours = words.index("aws") + 1 if "aws" in words else len(words)
    parser = Parser(__doc__)
    parser.add_argument("command", choices=["start", "stop", "status", "reset", "env", "aws"])
    parser.add_argument("--port", type=int, default=project.local_port(), help="default: 4566, or LOCAL_AWS_PORT")
    parser.add_argument(
        "--kinesis-limits",
        action="store_true",
        help="start, reset: shards take and give no more than AWS's (1 MB/s in ...)",
    )
    parser.add_argument(
        "--iam",
        action="store_true",
        help="start, reset: check permissions, as AWS does: a role may do what its policies allow, and nothing else",
    )
    parser.add_argument(
        "--unconfined",
        action="store_true",
        help="start, reset: run functions without a box, where this system allows none and you trust their code",
    )
    arguments = parser.parse_args(words[:ours])
    arguments.arguments = words[ours:]  # the AWS CLI's, whatever they look like
    if not 0 < arguments.port < 65536:
        parser.error(f"--port must be 1 to 65535, not {arguments.port}")
    for name in ("--kinesis-limits", "--iam", "--unconfined"):
        if not getattr(arguments, name.strip("-").replace("-", "_")):
            continue
        if arguments.command not in ("start", "reset"):
            parser.error(f"{name} belongs to start and reset")
        if arguments.command == "start" and engine_on(arguments.port).is_healthy():
            parser.error(f"the engine on port {arguments.port} runs already: stop it first, {name} is for its start")
    return arguments


def stop(engine: Engine) -> None:
    stopped = engine.stop()
    say(f"the local engine on port {engine.port} {'has stopped; its state is kept' if stopped else 'was not running'}")


def status(engine: Engine) -> None:
    if not engine.is_healthy():
        raise EngineError(f"no local engine runs on port {engine.port}")
    print(f"the local engine runs at {engine.url}, process {engine.pid}, log in {engine.log}")
    print(WORDS[engine.confinement])


def reset(engine: Engine) -> None:
    """Forget what is deployed, and Terraform's record of it, which would be wrong."""
    engine.reset()
    for state in engine.folder.glob("terraform.*"):
        state.unlink()
    start(engine)


def env(engine: Engine) -> None:
    for name, value in local_environment(engine.url).items():
        print(f"export {name}={shlex.quote(value)}")
    print(SHELL_FUNCTION)


def aws(engine: Engine, arguments: list[str]) -> NoReturn:
    """Become the AWS CLI, in an environment in which there is no other account than the engine's."""
    environment = {**clean(os.environ, local=True), **sdk_environment(engine.url)}
    try:
        os.execvpe("aws", ["aws", f"--endpoint-url={engine.url}", *arguments], environment)
    except OSError:
        raise Stop("the AWS CLI is missing: install it, version 1 or 2, and put it on the PATH", Exit.USAGE) from None


if __name__ == "__main__":
    run(main)

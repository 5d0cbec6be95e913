"""The local engine as the tools use it: found by its port, started where it is needed."""

from kit.cli import Exit, Stop
from kit.output import say

import project
from engine import student_account
from engine.box import confinement
from engine.process import Engine, EngineError


def engine_on(port: int) -> Engine:
    """The engine on a port, its files in the folder of its endpoint."""
    return Engine(port, project.endpoint_dir(f"http://127.0.0.1:{port}"))


def start(engine: Engine) -> None:
    """Start the engine unless it runs, with the account of a student on it. Raises Stop."""
    try:
        started = engine.start()
    except EngineError as error:
        raise Stop(str(error), Exit.NO_CONNECTION) from None
    student_account.prepare(engine.url, project.emulator_credentials())
    say(f"the local engine {'runs now' if started else 'runs'} at {engine.url}")
    if engine.confinement != confinement.BOX:
        say(confinement.WORDS[engine.confinement])


def ensure_running() -> None:
    """Start the engine for a local command, unless the environment names an emulator of the user's own."""
    if not project.endpoint():
        start(engine_on(project.local_port()))

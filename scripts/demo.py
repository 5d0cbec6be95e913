#!/usr/bin/env python3
"""The first tour: deploy the calculator on the local engine, send it messages, read the replies, say what to do next.

It types the same commands as a student would, and shows them.
"""

import subprocess
import sys
import time
from pathlib import Path

from kit.cli import Exit, Stop, run

SCRIPTS = Path(__file__).resolve().parent

NEXT = """
What to do next:
  scripts/send_message.py calculator '{"number1": 2, "number2": 3, "operation": "*"}' --wait 10 --local
  edit lambda/calculator/arithmetic.py, then `make deploy LAB=calculator LOCAL=1`, and send again
  make deploy LAB=clock LOCAL=1, and a minute later `scripts/read_results.py clock --wait 60 --local`
  make destroy LAB=all LOCAL=1, and `scripts/local_aws.py stop`
  README.md tells how to deploy to your own AWS account
"""


def main() -> int:
    started = time.monotonic()
    show("lab.py", "deploy", "calculator", "--local")
    deployed = time.monotonic()
    show(
        "send_message.py",
        "calculator",
        '{"number1": 1, "number2": 5, "operation": "+"}',
        '{"number1": 0.1, "number2": 0.2, "operation": "+"}',
        '{"number1": "7", "number2": "2", "operation": "/"}',
        *("--wait", "20", "--local"),
    )
    answered = time.monotonic()
    print("\nA bad message is answered too, at once, and stops nothing:")
    show("send_message.py", "calculator", "1 plus 5", "--wait", "20", "--local", expected=Exit.ERROR_REPLY)
    print(f"\nDeployed in {deployed - started:.0f} s; three messages there and back in {answered - deployed:.1f} s.")
    print(NEXT, end="")
    return Exit.DONE


def show(script: str, *arguments: str, expected: int = 0) -> None:
    """Show a command as one would type it, and run it. Raises Stop when it ends otherwise than expected."""
    words = [f"'{word}'" if "{" in word or " " in word else word for word in arguments]
    print(f"\n$ scripts/{script} {' '.join(words)}", flush=True)
    code = subprocess.run([sys.executable, str(SCRIPTS / script), *arguments]).returncode
    if code != expected:
        raise Stop(f"the demo ends here: {script} ended with {code}", Exit.ERROR_REPLY)


if __name__ == "__main__":
    run(main)

"""The cdktf app: every lab, one stack each. `cdktf deploy LAB` deploys one of them."""

import sys
from pathlib import Path

if sys.platform == "win32":
    sys.exit("error: Windows by itself is not supported: use WSL, the Windows Subsystem for Linux")

import fastsynth

fastsynth.enable()  # before cdktf is imported: a synth takes a tenth of the time, its output stays the same

from cdktf import App

from project import ProjectError
from stacks.accounts import AccountsStack
from stacks.bus import BusStack
from stacks.calculator import CalculatorStack
from stacks.checkout import CheckoutStack
from stacks.clock import ClockStack
from stacks.fanout import FanoutStack
from stacks.orders import OrdersStack
from stacks.plain import keep_states_apart
from stacks.settings import load

LABS = (CalculatorStack, ClockStack, FanoutStack, BusStack, AccountsStack, CheckoutStack, OrdersStack)


def main() -> None:
    settings = load({lab.lab: lab.Options for lab in LABS})
    # cdktf would ask Terraform for its version once for each consumed queue; Terraform itself says what it lacks.
    app = App(skip_validation=True)
    for lab in LABS:
        lab(app, settings)
    app.synth()
    keep_states_apart(Path(app.outdir), settings.labs, settings.endpoint)


if __name__ == "__main__":
    try:
        main()
    except ProjectError as error:
        sys.exit(f"error: {error}")
    except OSError as error:  # a read-only or a full disk
        if error.filename is None:
            raise
        sys.exit(f"error: {error.filename}: {error.strerror}")

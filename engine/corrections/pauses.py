"""Functions run as soon as they can.

AWS runs a function when a batch is there. MiniStack pauses 50 ms after every invocation that logged nothing, in case a
line still comes, and its poller sleeps 50 ms when no worker was free: a function that sends ten messages in one call
looked hardly faster than one that sends each by itself. Here the pauses are short; a log line that comes later than
that is shown with the function's next invocation.
"""

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

FIRST_LINE_WAIT_S = 0.005
IDLE_WAKE_GAP_S = 0.002


def apply() -> None:
    drain = lambda_runtime.Worker._drain_stderr_bounded
    drain.__defaults__ = (FIRST_LINE_WAIT_S, *(drain.__defaults__ or ())[1:])
    lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS = IDLE_WAKE_GAP_S

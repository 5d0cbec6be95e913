#!/usr/bin/env python3
"""Watch labs in the browser: the picture with live numbers on it, a form to send from, replies, what was rejected.

scripts/console.py --local

It serves this machine only, at http://127.0.0.1:8800 (--port), and ends with Ctrl-C.
"""

import argparse
import socket
import webbrowser

from kit.cli import Exit, Parser, Stop, run
from kit.output import say
from kit.target import Target, add_arguments

HOST = "127.0.0.1"
PORT = 8800


def main() -> int:
    arguments = parse_arguments()
    import uvicorn

    from kit.live.web import application

    target = Target.of(arguments)
    listening = listen(arguments.port)
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    app = application(target, arguments.lab, url)
    say(f"the console of {target} is at {url} (Ctrl-C ends it)")
    if arguments.open:
        webbrowser.open(url)
    # A page that is left open must not keep the console from ending.
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listening])
    return Exit.DONE


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("lab", nargs="*", help="deployed labs (default: all that are)")
    parser.add_argument("--port", type=int, default=PORT, help=f"port on {HOST} (default: {PORT}; 0: any)")
    parser.add_argument("--open", action="store_true", help="open the browser")
    add_arguments(parser)
    arguments = parser.parse_args()
    if not 0 <= arguments.port < 65536:
        parser.error(f"--port must be 0 to 65535, not {arguments.port}")
    return arguments


def listen(port: int) -> socket.socket:
    """A socket on this machine's own address. Raises Stop when the port is taken."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()  # whoever comes now waits for the server to be up
    except OSError as error:
        raise Stop(f"port {port} cannot be used: {error.strerror}; choose another with --port", Exit.USAGE) from None
    return listening


if __name__ == "__main__":
    run(main)

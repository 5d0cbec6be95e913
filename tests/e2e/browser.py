"""A headless Chromium, driven through its DevTools protocol: opens a page, runs JavaScript in it, takes pictures."""

import base64
import contextlib
import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from shell import patience

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_S = 60
WAIT_S = 30 * patience
#: What DevTools answers about a page that is being left.
LEAVING = ("Inspected target navigated", "Execution context was destroyed", "Cannot find context")
#: Larger than any answer here, a picture included.
MAX_ANSWER = 2**26


def find() -> str | None:
    """The browser's command, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page in a browser of its own. All names under `example` are this machine's (RFC 2606)."""

    def __init__(self, command: str, folder: Path, size: tuple[int, int] = (1280, 1000)) -> None:
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
        options += ["--host-resolver-rules=MAP *.example 127.0.0.1"]
        window = f"--window-size={size[0]},{size[1]}"
        self._process = subprocess.Popen(
            [command, *options, window, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._number = 0
        self._open = contextlib.ExitStack()
        self._socket = self._open.enter_context(connect(self._page(folder), max_size=MAX_ANSWER, open_timeout=START_S))

    def open(self, url: str) -> None:
        self._call("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression in the page; of a promise, what it comes to."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, script: str, wait_s: float = WAIT_S) -> Any:
        """The value of the expression as soon as it is true. Raises AssertionError when it never is."""
        deadline = time.monotonic() + wait_s
        while not (value := self._value(script)):
            assert time.monotonic() < deadline, f"not in {wait_s} s: {script}\n{self.run('document.body.innerText')}"
            time.sleep(0.03)
        return value

    def _value(self, script: str) -> Any:
        """The expression's value; None while the page gives way to another."""
        try:
            return self.run(script)
        except AssertionError as error:
            if any(said in str(error) for said in LEAVING):
                return None
            raise

    def resize(self, width: int, height: int = 900) -> None:
        """Another size of the window; a small one as on a phone."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, scheme: str) -> None:
        """What the user prefers: `light` or `dark`."""
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        self._open.close()
        self._process.terminate()
        self._process.wait(START_S)

    def _page(self, folder: Path) -> str:
        """The address of the page's own DevTools."""
        deadline = time.monotonic() + START_S
        told = folder / "DevToolsActivePort"
        while not told.exists() or not told.read_text().strip():
            assert self._process.poll() is None and time.monotonic() < deadline, "the browser did not start"
            time.sleep(0.1)
        port = told.read_text().split()[0]
        while True:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=START_S) as answer:
                pages = [target for target in json.load(answer) if target["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
            assert time.monotonic() < deadline, "the browser has no page"
            time.sleep(0.1)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=WAIT_S))
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

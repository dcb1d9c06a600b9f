"""A headless Chromium, spoken to over the DevTools protocol: it opens a page, runs what one asks it, and keeps what the
page wrote to its console and asked of the network."""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
         "--disable-default-apps", "--hide-scrollbars", "--remote-debugging-port=0", "--remote-allow-origins=*"]
START_SECONDS = 60
ANSWER_SECONDS = 60


class Browser:
    def __init__(self, *flags):
        program = shutil.which("chromium")
        if not program:
            raise RuntimeError("no chromium here; Debian's package is chromium")
        self.home = tempfile.mkdtemp(prefix="report-browser-")
        self.log = open(Path(self.home) / "log", "wb")
        environment = dict(os.environ, HOME=self.home)
        self.process = subprocess.Popen([program, *FLAGS, *flags, f"--user-data-dir={self.home}/profile", "about:blank"],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=environment)
        self.events = []
        self.number = 0
        try:
            self.socket = websocket.create_connection(self._page_address(), timeout=ANSWER_SECONDS,
                                                      suppress_origin=True)
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.call(f"{domain}.enable")
        except BaseException:
            self.close()
            raise

    def _page_address(self):
        """The web socket of the one tab. Its port is in a file that the browser writes when it listens."""
        port_file = Path(self.home) / "profile/DevToolsActivePort"
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            if port_file.exists() and "\n" in port_file.read_text():
                port = port_file.read_text().splitlines()[0]
                no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with no_proxy.open(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
                    for tab in json.load(answer):
                        if tab["type"] == "page":
                            return tab["webSocketDebuggerUrl"]
            time.sleep(0.05)
        raise RuntimeError("chromium did not start: " + (Path(self.home) / "log").read_text(errors="replace")[-500:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if getattr(self, "socket", None):
            try:
                self.call("Browser.close")
            except (OSError, RuntimeError, websocket.WebSocketException):
                pass  # it is going
            self.socket.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def call(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error'].get('message')}")
                return message["result"]
            if "method" in message:
                self.events.append(message)

    def open(self, path, width=1280, height=900, dark=False, script=True):
        """Opens a file and waits until it is loaded. What was heard of the page before is forgotten."""
        self.visit(Path(path).resolve().as_uri(), width, height, dark, script)

    def visit(self, url, width=1280, height=900, dark=False, script=True):
        """The same of an address."""
        self.size(width, height)
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call("Emulation.setEmulatedMedia", media="",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self._go("about:blank")
        self._go(url)

    def _go(self, url):
        self.events.clear()
        self.call("Page.navigate", url=url)
        end = time.monotonic() + ANSWER_SECONDS
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            if time.monotonic() > end:
                raise RuntimeError(f"{url} is not loaded after {ANSWER_SECONDS} s")
            self.run("0")  # hears what has come
            time.sleep(0.02)

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=False)

    def run(self, expression):
        """The value of a JavaScript expression, awaited."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True,
                           userGesture=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"].get("exception", {}).get("description", "?")))
        return result["result"].get("value")

    def wait(self, expression, seconds=10):
        """Whether the expression became true in time."""
        end = time.monotonic() + seconds
        while not (true := self.run(expression)) and time.monotonic() < end:
            time.sleep(0.02)
        return bool(true)

    def click(self, selector):
        """A click of the mouse in the middle of an element, as far as it can be seen."""
        one = f"document.querySelector({json.dumps(selector)})"
        for _ in range(2):  # what comes into view for the first time gets its height then, and moves what is below
            self.run(f"""{one}.scrollIntoView({{block: "center"}}),
                new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))""")
        spot = self.run(f"""(box => [box.left + Math.min(box.width / 2, 200), box.top + box.height / 2])
            ({one}.getBoundingClientRect())""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=spot[0], y=spot[1], button="left", clickCount=1)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def press(self, key, code, number, text=""):
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code, windowsVirtualKeyCode=number, **more)

    def complaints(self):
        """What the page wrote to its console, and errors."""
        self.run("0")
        out = []
        for event in self.events:
            if event["method"] == "Runtime.exceptionThrown":
                details = event["params"]["exceptionDetails"]
                out.append(details.get("exception", {}).get("description", details["text"]))
            if event["method"] == "Runtime.consoleAPICalled":
                out.append("console: " + json.dumps(event["params"]["args"])[:300])
            if event["method"] == "Log.entryAdded":
                out.append(event["params"]["entry"]["text"])
        return out

    def requests(self):
        """Addresses that were asked for, besides the page's own file and data in it."""
        self.run("0")
        urls = [event["params"]["request"]["url"] for event in self.events
                if event["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not re.match(r"data:|about:", url)][1:]

    def picture(self, path, whole=False):
        clip = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"captureBeyondViewport": True,
                    "clip": {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16000), "scale": 1}}
        Path(path).write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png", **clip)["data"]))

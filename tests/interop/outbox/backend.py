"""A backend that fails as it is told: what it is to do with each request stands in a list; when that is used up, it
takes everything. It remembers each request whose body it has read, whatever it answered."""

import threading
import time
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Received = namedtuple("Received", "key name body private time")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        backend = self.server.backend
        action = backend.take(Received(self.headers.get_all("Idempotency-Key"), body.split(":")[0], body,
                                       self.headers.get("X-Private"), time.monotonic()))
        self.close_connection = True
        if action == "drop":  # it has acted, and nobody hears of it
            return
        if action == "hang":
            backend.let_go.wait(60)
            return
        status, headers = action if isinstance(action, tuple) else (action, {})
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Backend:
    """With a port of its own, which it keeps over stop() and start()."""

    def __init__(self):
        self.received = []
        self.actions = []
        self.let_go = threading.Event()
        self.lock = threading.Lock()
        self.server = None
        self.port = 0
        self.start()

    def url(self, path="results"):
        return f"http://127.0.0.1:{self.port}/{path}"

    def take(self, received):
        with self.lock:
            self.received.append(received)
            return self.actions.pop(0) if self.actions else 204

    def start(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.server.backend = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def begin(self, *actions):
        """A new story: nothing received yet."""
        with self.lock:
            self.received, self.actions = [], list(actions)

    def keys(self):
        return [key for one in self.received for key in one.key or [None]]

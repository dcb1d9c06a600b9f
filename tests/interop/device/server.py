"""A remote agent of GP SERAM and an administration server of GlobalPlatform Amendment B, made from the documents alone.
What it answers stands in a list, one entry for each request after the handshake; it keeps every request."""

import json
import ssl
import threading
import time
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Request = namedtuple("Request", "path query headers body time subject")
# One answer. `lose`: the request is read and the connection closed. `again`: the same entry answers that often.
Answer = namedtuple("Answer", "status headers body lose hold")


def answer(body=b"", status=200, headers=None, lose=False, hold=0.0):
    if not isinstance(body, bytes):
        body, headers = json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})}
    return Answer(status, headers or {}, body, lose, hold)


LOST = answer(lose=True)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        subject = ""
        if isinstance(self.connection, ssl.SSLSocket) and self.connection.getpeercert():
            subject = dict(pair[0] for pair in self.connection.getpeercert()["subject"])["commonName"]
        reply = self.server.owner.take(Request(parts.path, parse_qs(parts.query), self.headers, body, time.monotonic(),
                                               subject))
        self.close_connection = True
        if reply.hold:
            self.server.owner.let_go.wait(reply.hold)
        if reply.lose:
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_):
        pass


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # clients that do not trust us, or that we do not trust


class DeviceServer:
    """`tls`: (certificate, key, authority that clients must have or None); None: plain."""

    def __init__(self, tls=None):
        self.requests, self.answers, self.handshake = [], [], None
        self.lock = threading.Lock()
        self.let_go = threading.Event()
        self.server = QuietServer(("127.0.0.1", 0), Handler)
        self.server.owner = self
        self.scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls[0], tls[1])
            if tls[2]:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(tls[2])
            # The handshake is made in the request's own thread, at its first read.
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path=""):
        return f"{self.scheme}://127.0.0.1:{self.server.server_address[1]}{path}"

    def begin(self, *answers, handshake=None):
        """A new story. The last answer stays."""
        with self.lock:
            self.requests, self.answers, self.handshake = [], list(answers), handshake

    def take(self, request):
        with self.lock:
            self.requests.append(request)
            if request.path.endswith("/handshake"):
                return self.handshake or answer({"chosenTransportProtocol": "HTTPS",
                                                 "chosenDataFormat": "application/json", "chosenVersion": "2.0.0"})
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def reports(self):
        """The bodies after the handshake."""
        return [json.loads(one.body) for one in self.requests if not one.path.endswith("/handshake")]

    def close(self):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()

"""A way to the operator door for a browser that has no certificate: a port of this machine that speaks TLS without asking
for one, and calls the door with the one it was given. For tests alone: whoever reaches the port is that operator."""

import socket
import ssl
import threading
from pathlib import Path


class Relay:
    """`certificates`: a demo's folder. `who`: the name of the client certificate. `address`: of the door."""

    def __init__(self, certificates, who, address):
        folder = Path(certificates)
        self.towards = ssl.create_default_context(cafile=str(folder / "authority.pem"))
        self.towards.load_cert_chain(folder / f"{who}.pem", folder / f"{who}.key")
        self.here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.here.load_cert_chain(folder / "server.pem", folder / "server.key")
        self.host, _, port = address.rpartition(":")
        self.port = int(port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            client = self.here.wrap_socket(client, server_side=True)
            door = self.towards.wrap_socket(socket.create_connection((self.host, self.port)), server_hostname="localhost")
        except OSError:
            client.close()
            return
        threading.Thread(target=self.pump, args=(door, client), daemon=True).start()
        self.pump(client, door)

    @staticmethod
    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except (OSError, ValueError):
            pass
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except (OSError, ValueError):
                pass

    def close(self):
        self.listener.close()

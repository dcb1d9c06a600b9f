#!/usr/bin/env python3
"""A backend that does not answer its first caller, and hangs up on the others.

usage: tests/interop/runs/backend.py PORT-FILE CALLS-FILE

Writes its port into the first file, and a line into the second for each call.
"""

import socket
import sys


def main():
    server = socket.create_server(("127.0.0.1", 0))
    with open(sys.argv[1], "w") as out:
        out.write(f"{server.getsockname()[1]}\n")
    callers = []
    while True:
        callers.append(server.accept()[0])
        with open(sys.argv[2], "a") as calls:
            calls.write(f"call {len(callers)}\n")
        if len(callers) > 1:
            callers[-1].close()


if len(sys.argv) != 3:
    sys.exit(__doc__.strip())
main()

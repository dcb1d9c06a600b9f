"""A real pcscd with virtual readers, on a socket and ports of its own: for the stories beside this."""

import os
import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30  # seconds for it to end


def free_ports(count):
    """The first of so many ports in a row on which nobody listens. Raises OSError: there are none."""
    for first in range(20000 + os.getpid() % 500 * 32, 60000, 32):
        taken = []
        try:
            for port in range(first, first + count):
                taken.append(socket.socket())
                taken[-1].bind(("", port))
            return first
        except OSError:
            continue
        finally:
            for one in taken:
                one.close()
    raise OSError("no free ports")


class Pcscd:
    """start_pcscd and stop_pcscd of tools/pcscd.sh. It ends when its input does, so also when this program is killed.
    Raises OSError: it does not start."""

    def __init__(self, folder, count, port=None):
        self.port = port or free_ports(max(count, 1))
        script = ('set -euo pipefail; . tools/say.sh; . tools/pcscd.sh; start_pcscd "$1" "$2" "$3"; '
                  'echo "$PCSCLITE_CSOCK_NAME"; read -r _ || true; stop_pcscd')
        self.process = subprocess.Popen(["bash", "-c", script, "pcscd", str(folder), str(self.port), str(count)], cwd=ROOT,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.socket = self.process.stdout.readline().strip()
        if not self.socket:
            raise OSError("pcscd did not start")

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=PATIENCE)

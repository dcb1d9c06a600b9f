"""Another program at the same pcscd, over libpcsclite as it is.

usage: client.py hold READER     opens the card for itself alone; says so; lets it go when its input ends
       client.py share READER    the same, and others may have it too
       client.py reset READER    opens it shared, resets it, says so

Prints one line: "holds", "reset", or "refused CODE" with PC/SC's return code.
"""

import ctypes
import sys

SYSTEM, EXCLUSIVE, SHARED, ANY, LEAVE, RESET = 2, 1, 2, 3, 0, 1


def main(what, reader):
    pcsc = ctypes.CDLL("libpcsclite.so.1")
    context, card, protocol = ctypes.c_long(), ctypes.c_long(), ctypes.c_ulong()
    code = pcsc.SCardEstablishContext(ctypes.c_ulong(SYSTEM), None, None, ctypes.byref(context))
    if code == 0:
        code = pcsc.SCardConnect(context, reader.encode(), ctypes.c_ulong(EXCLUSIVE if what == "hold" else SHARED),
                                 ctypes.c_ulong(ANY), ctypes.byref(card), ctypes.byref(protocol))
    if code == 0 and what == "reset":
        code = pcsc.SCardReconnect(card, ctypes.c_ulong(SHARED), ctypes.c_ulong(ANY), ctypes.c_ulong(RESET),
                                   ctypes.byref(protocol))
    if code != 0:
        print(f"refused {code & 0xFFFFFFFF:08X}", flush=True)
        return
    print("reset" if what == "reset" else "holds", flush=True)
    if what in ("hold", "share"):
        sys.stdin.read()
    pcsc.SCardDisconnect(card, ctypes.c_ulong(LEAVE))
    pcsc.SCardReleaseContext(context)


main(*sys.argv[1:])

"""A little card for a virtual reader of vpcd, made to misbehave. It shares nothing with cardwright.

vpcd's protocol: the card connects to the reader by TCP; a message is a length of two bytes and so many bytes. One byte
from the reader is 00 power off, 01 power on, 02 reset, 04 "your ATR"; only the last is answered. Anything longer is a
command APDU, and is answered with a response APDU.
"""

import functools
import operator
import socket
import struct
import threading
import time

OFF, ON, RESET, ATR = 0, 1, 2, 4


def atr_of(protocol, historical):
    """ISO/IEC 7816-3 8.2: T=0 alone needs neither TD nor TCK; T=1 brings IFSC FE and waiting times 45."""
    if protocol == 0:
        return bytes([0x3B, len(historical)]) + historical
    more = bytes([0x81, 0x31, 0xFE, 0x45]) if protocol == 1 else bytes([protocol])
    body = bytes([0x80 | len(historical)]) + more + historical
    return b"\x3b" + body + bytes([functools.reduce(operator.xor, body)])


ATR_T0 = atr_of(0, b"TESTCARD0")
ATR_T1 = atr_of(1, b"TESTCARD1")
ATR_OTHER = atr_of(1, b"ANOTHER")
ATR_EXTENDED = atr_of(1, bytes.fromhex("8073C02140"))  # card capabilities: extended Lc and Le fields (7816-4 12.1.1.9)
LONGER_THAN_ANY_ATR = bytes([0x3B] * 34)
ATR_T14 = atr_of(14, b"TESTCARD14")


def respond(_card, apdu):
    """SELECT: an FCI. GET DATA: not found. All else: done."""
    if apdu[1] == 0xA4:
        return bytes.fromhex("6F108408A000000151000000A5049F6501FF9000")
    return bytes.fromhex("6A88" if apdu[1] == 0xCA else "9000")


class Card:
    """`answer(card, apdu)` returns the response; None pulls the card in the middle of the command."""

    def __init__(self, port, atr=ATR_T1, answer=respond, mute=False):
        self.atr, self.answer, self.mute = atr, answer, mute
        self.hang = False  # answers nothing at all, and the reader waits
        self.commands, self.resets, self.powered = [], 0, False
        self.asked = threading.Event()  # a command has come
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.settimeout(None)
        threading.Thread(target=self._serve, daemon=True).start()

    def pull(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is out already
        self.socket.close()

    def _receive(self, count):
        data = b""
        while len(data) < count:
            # vpcd writes length and message apart; without this its second write waits 40 ms for our acknowledgement.
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            more = self.socket.recv(count - len(data))
            if not more:
                raise OSError("the reader is gone")
            data += more
        return data

    def _serve(self):
        try:
            while True:
                message = self._receive(struct.unpack(">H", self._receive(2))[0])
                while self.hang:
                    time.sleep(0.02)
                reply = self._reply(message)
                if reply is not None:
                    self.socket.sendall(struct.pack(">H", len(reply)) + reply)
        except OSError:
            pass

    def _reply(self, message):
        if len(message) > 1:
            self.commands.append(message)
            self.asked.set()
            response = self.answer(self, message)
            if response is None:
                self.pull()
            return response
        if message[0] == ATR:
            return LONGER_THAN_ANY_ATR if self.mute else self.atr  # vpcd takes it for no answer at all
        self.powered = message[0] != OFF
        self.resets += self.powered
        return None

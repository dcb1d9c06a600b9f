"""A GlobalPlatform host of its own: SCP02 (GPCS appendix E) and SCP03 (Amendment D), written from the specification with
pycryptodome. It shares nothing with the program that it tests."""

import os

from Cryptodome.Cipher import AES, DES, DES3
from Cryptodome.Hash import CMAC

ZERO8, ZERO16 = bytes(8), bytes(16)


class Refused(Exception):
    """The card said no; `sw` says how."""

    def __init__(self, what, sw):
        super().__init__(f"{what}: {sw:04X}")
        self.sw = sw


def pad80(data, block):
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad80(data):
    cut = data.rstrip(b"\0")
    if not cut.endswith(b"\x80"):
        raise ValueError("no padding of method 2")
    return cut[:-1]


def ecb3(key, data):
    return DES3.new(key, DES3.MODE_ECB).encrypt(data)


def cbc3(key, data, iv=ZERO8):
    return DES3.new(key, DES3.MODE_CBC, iv).encrypt(data)


def retail_mac(key, data, icv):
    """ISO 9797-1 algorithm 3 with padding method 2 (GPCS B.1.2.2)."""
    block = DES.new(key[:8], DES.MODE_CBC, icv).encrypt(pad80(data, 8))[-8:]
    return DES.new(key[:8], DES.MODE_ECB).encrypt(DES.new(key[8:], DES.MODE_ECB).decrypt(block))


def cmac(key, data):
    return CMAC.new(key, data, ciphermod=AES).digest()


def derive03(key, constant, context, bits):
    """Amd D 4.1.5."""
    out, counter = b"", 1
    while len(out) < bits // 8:
        out += cmac(key, bytes(11) + bytes([constant, 0]) + bits.to_bytes(2, "big") + bytes([counter]) + context)
        counter += 1
    return out[: bits // 8]


def kcv(kind, key):
    if kind == "aes":
        return AES.new(key, AES.MODE_ECB).encrypt(b"\x01" * 16)[:3]
    return ecb3(key, ZERO8)[:3]


class Scp02:
    """Options 15 and 55; R-MAC with 35 and 75. `pads_empty`: empty data is one encrypted block, as gpshell and pySim do."""

    block = 8

    def __init__(self, keys, host, answer, i, pads_empty, aid):
        self.i, self.pads_empty = i, pads_empty
        self.counter, self.challenge = answer[12:14], answer[14:20]
        self.enc, self.mac, self.rmac, self.dek = (
            cbc3(key, bytes.fromhex(constant) + self.counter + bytes(12))
            for key, constant in zip((keys[0], keys[1], keys[1], keys[2]), ("0182", "0101", "0102", "0181")))
        # GPCS E.4.2.3: a pseudo-random challenge is the MAC of the selected AID.
        if i & 0x40 and retail_mac(self.mac, aid, ZERO8)[:6] != self.challenge:
            raise Refused("the card challenge is not that of this AID", 0)
        card = self.counter + self.challenge
        if cbc3(self.enc, pad80(host + card, 8))[-8:] != answer[20:28]:
            raise Refused("the card cryptogram is wrong", 0)
        self.cryptogram = cbc3(self.enc, pad80(card + host, 8))[-8:]
        self.chain, self.level = None, 1

    def begin(self, level):
        self.level, self.rchain = level, self.chain

    def wrap(self, cla, ins, p1, p2, data):
        self.sent = bytes([cla & 0x80, ins, p1, p2, len(data)]) + data
        if not self.level & 1:
            return cla, data
        icv = ZERO8
        if self.chain is not None:
            icv = DES.new(self.mac[:8], DES.MODE_ECB).encrypt(self.chain) if self.i & 0x10 else self.chain
        cla |= 4
        self.chain = retail_mac(self.mac, bytes([cla, ins, p1, p2, len(data) + 8]) + data, icv)
        if self.level & 2 and (data or self.pads_empty):
            data = cbc3(self.enc, pad80(data, 8))
        return cla, data + self.chain

    def unwrap(self, data, sw):
        if not self.level & 0x10 or sw >> 8 not in (0x90, 0x62, 0x63):
            return data
        plain, mac = data[:-8], data[-8:]
        text = self.sent + bytes([len(plain) & 0xFF]) + plain + sw.to_bytes(2, "big")
        self.rchain = retail_mac(self.rmac, text, self.rchain)
        if self.rchain != mac:
            raise Refused("the R-MAC is wrong", sw)
        return plain

    def encrypt_key(self, key):
        return ecb3(self.dek, key)


class Scp03:
    block = 16

    def __init__(self, keys, host, answer, aid):
        size = len(host)
        self.size, self.i = size, answer[12]
        self.challenge, cryptogram = answer[13:13 + size], answer[13 + size:13 + 2 * size]
        # Amd D 6.2.2.1: a pseudo-random challenge follows from the counter and the selected AID.
        if self.i & 0x10 and derive03(keys[0], 2, answer[-3:] + aid, 8 * size) != self.challenge:
            raise Refused("the card challenge is not that of this counter and AID", 0)
        context, bits = host + self.challenge, 8 * len(keys[0])
        self.enc = derive03(keys[0], 4, context, bits)
        self.mac = derive03(keys[1], 6, context, bits)
        self.rmac = derive03(keys[1], 7, context, bits)
        self.dek = keys[2]
        if derive03(self.mac, 0, context, 8 * size) != cryptogram:
            raise Refused("the card cryptogram is wrong", 0)
        self.cryptogram = derive03(self.mac, 1, context, 8 * size)
        self.chain, self.messages, self.level = ZERO16, 0, 1

    def begin(self, level):
        self.level = level

    def iv(self, first):
        block = bytes([first]) + self.messages.to_bytes(15, "big")
        return AES.new(self.enc, AES.MODE_ECB).encrypt(block)

    def wrap(self, cla, ins, p1, p2, data):
        if not self.level & 1:
            return cla, data
        cla |= 4
        if self.level & 2:
            self.messages += 1
            if data:
                data = AES.new(self.enc, AES.MODE_CBC, self.iv(0)).encrypt(pad80(data, 16))
        size = len(data) + self.size
        lc = bytes([size]) if size < 256 else b"\0" + size.to_bytes(2, "big")
        self.chain = cmac(self.mac, self.chain + bytes([cla, ins, p1, p2]) + lc + data)
        return cla, data + self.chain[: self.size]

    def unwrap(self, data, sw):
        if not self.level & 0x10 or sw >> 8 not in (0x90, 0x62, 0x63):
            return data
        data, mac = data[: -self.size], data[-self.size:]
        if cmac(self.rmac, self.chain + data + sw.to_bytes(2, "big"))[: self.size] != mac:
            raise Refused("the R-MAC is wrong", sw)
        if self.level & 0x20 and data:
            data = unpad80(AES.new(self.enc, AES.MODE_CBC, self.iv(0x80)).decrypt(data))
        return data

    def encrypt_key(self, key):
        return AES.new(self.dek, AES.MODE_CBC, ZERO16).encrypt(key + bytes(-len(key) % 16))


class Host:
    """Sends commands through `transmit` (bytes to data and status word), in a secure channel once one is open."""

    def __init__(self, transmit, pads_empty=False):
        self.transmit, self.pads_empty, self.session, self.aid = transmit, pads_empty, None, b""

    def raw(self, cla, ins, p1, p2, data=b"", le=True):
        # GPCS 11.1.5.1: what is too long for one command was wrapped whole, and goes in parts with b8 of P1.
        while len(data) > 255:
            _, sw = self.raw(cla, ins, p1 | 0x80, p2, data[:255], le)
            if sw != 0x9000:
                return b"", sw
            data = data[255:]
        body = (bytes([len(data)]) + data if data else b"") + (b"\0" if le else b"")
        return self.transmit(bytes([cla, ins, p1, p2]) + body)

    def send(self, cla, ins, p1, p2, data=b"", le=True):
        if self.session is None:
            return self.raw(cla, ins, p1, p2, data, le)
        cla, wrapped = self.session.wrap(cla, ins, p1, p2, data)
        data, sw = self.raw(cla, ins, p1, p2, wrapped, le)
        return self.session.unwrap(data, sw), sw

    def expect(self, what, cla, ins, p1, p2, data=b"", le=True):
        data, sw = self.send(cla, ins, p1, p2, data, le)
        if sw != 0x9000:
            raise Refused(what, sw)
        return data

    def select(self, aid=b""):
        self.session = None
        data, sw = self.raw(0x00, 0xA4, 0x04, 0x00, aid)
        if sw not in (0x9000, 0x6283):
            raise Refused("SELECT", sw)
        self.aid = data[4:4 + data[3]]  # 6F, 84
        return data

    def open(self, keys, version, level, i=0x55, s16=False):
        challenge = os.urandom(16 if s16 else 8)
        self.session = None
        answer, sw = self.raw(0x80, 0x50, version, 0, challenge)
        if sw != 0x9000:
            raise Refused("INITIALIZE UPDATE", sw)
        session = (Scp02(keys, challenge, answer, i, self.pads_empty, self.aid) if answer[11] == 2
                   else Scp03(keys, challenge, answer, self.aid))
        cla, data = session.wrap(0x80, 0x82, level, 0, session.cryptogram)
        _, sw = self.raw(cla, 0x82, level, 0, data, le=False)
        if sw != 0x9000:
            raise Refused("EXTERNAL AUTHENTICATE", sw)
        session.begin(level)
        self.session = session
        return answer

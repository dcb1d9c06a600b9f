"""What other programs send, command by command. README.md says which file of which program each was read from."""

import zipfile

from host import Refused, kcv

COMPONENTS = ["Header", "Directory", "Import", "Applet", "Class", "Method", "StaticField", "Export", "ConstantPool",
              "RefLocation"]


def lv(data):
    return bytes([len(data)]) + data


def tlv(tag, data):
    length = (bytes([len(data)]) if len(data) < 128 else b"\x81" + bytes([len(data)]) if len(data) < 256
              else b"\x82" + len(data).to_bytes(2, "big"))
    return bytes([tag]) + length + data


def read_tlvs(data):
    out = []
    while data:
        wide = 2 if data[0] & 0x1F == 0x1F else 1
        tag, data = int.from_bytes(data[:wide], "big"), data[wide:]
        length, more = data[0], 1
        if length & 0x80:
            more += length & 0x7F
            length = int.from_bytes(data[1:more], "big")
        out.append((tag, data[more:more + length]))
        data = data[more + length:]
    return out


def read_cap(path):
    """The load file data block of a CAP file, the package's AID and its applets' AIDs."""
    with zipfile.ZipFile(path) as archive:
        by_name = {name.split("/")[-1][:-4]: archive.read(name) for name in archive.namelist() if name.endswith(".cap")}
    header, applet = by_name["Header"], by_name["Applet"]
    package = header[13:13 + header[12]]
    applets, at = [], 4
    for _ in range(applet[3]):
        applets.append(applet[at + 1:at + 1 + applet[at]])
        at += 1 + applet[at] + 2
    return b"".join(by_name[name] for name in COMPONENTS if name in by_name), package, applets


class Entry:
    def __init__(self, aid, state, privileges=None, domain=None, modules=()):
        self.aid, self.state, self.privileges, self.domain, self.modules = aid, state, privileges, domain, modules


def parse_registry(data, tags, with_modules):
    entries = []
    if tags:
        for outer, value in read_tlvs(data):
            assert outer == 0xE3, f"an entry begins with {outer:X}"
            fields = read_tlvs(value)
            one = dict(fields)
            entries.append(Entry(one[0x4F], one[0x9F70], one.get(0xC5), one.get(0xCC),
                                 [aid for tag, aid in fields if tag == 0x84]))
        return entries
    while data:
        aid, data = data[1:1 + data[0]], data[1 + data[0]:]
        entry, data = Entry(aid, data[:1], data[1:2]), data[2:]
        if with_modules:
            count, data = data[0], data[1:]
            entry.modules = []
            for _ in range(count):
                entry.modules.append(data[1:1 + data[0]])
                data = data[1 + data[0]:]
        entries.append(entry)
    return entries


class Tool:
    """Common to all: what differs is in the classes below."""

    name = ""
    pads_empty = False      # SCP02: encrypts empty data
    le = True               # Le behind INSTALL, LOAD, DELETE, SET STATUS
    criteria = bytes.fromhex("4F00")
    delete_p2 = 0x00
    aes_length = True       # PUT KEY: the length byte in front of an AES key
    listed = (0x80, 0x40, 0x20, 0x10)

    def __init__(self, host):
        self.host = host

    def status(self, p1, tags=True):
        data, p2 = b"", 0x02 if tags else 0x00
        while True:
            more, sw = self.host.send(0x80, 0xF2, p1, p2, self.criteria)
            data += more
            if sw == 0x6A88:
                return []
            if sw not in (0x9000, 0x6310):
                raise Refused("GET STATUS", sw)
            if sw == 0x9000:
                return parse_registry(data, tags, p1 == 0x10)
            p2 |= 0x01

    def list(self):
        """Everything on the card: AID to entry. Falls back as the tools do."""
        tags, found = True, {}
        for p1 in self.listed:
            try:
                entries = self.status(p1, tags)
            except Refused as refused:
                if p1 == 0x80 and refused.sw == 0x6A86:
                    tags = False
                    entries = self.status(p1, tags)
                elif p1 == 0x10 and refused.sw == 0x6A81:
                    entries = []
                else:
                    raise
            for entry in entries:
                found.setdefault(entry.aid, entry)
        return found

    def load(self, code, package, domain):
        self.host.expect("INSTALL [for load]", 0x80, 0xE6, 0x02, 0x00,
                         lv(package) + lv(domain) + b"\0" + self.load_parameters(code) + b"\0", self.le)
        block = tlv(0xC4, code)
        size = self.block_size()
        parts = [block[at:at + size] for at in range(0, len(block), size)]
        for number, part in enumerate(parts):
            self.host.expect(f"LOAD {number}", 0x80, 0xE8, 0x80 if number == len(parts) - 1 else 0x00, number & 0xFF, part,
                             self.le)

    def load_parameters(self, _code):
        return b"\0"

    def block_size(self):
        """What fits into a short command under this channel."""
        session = self.host.session
        size = 255 - (getattr(session, "size", 8) if session.level & 1 else 0)
        return (size // session.block) * session.block - 1 if session.level & 2 else size

    def install(self, package, module, instance, privileges, parameters=b"\xC9\0"):
        self.host.expect("INSTALL [for install and make selectable]", 0x80, 0xE6, 0x0C, 0x00,
                         lv(package) + lv(module) + lv(instance) + lv(privileges) + lv(parameters) + b"\0", self.le)

    def create_domain(self, package, module, aid, privileges, parameters=b""):
        self.install(package, module, aid, privileges, tlv(0xC9, parameters))

    def delete(self, aid, related=False):
        self.host.expect("DELETE", 0x80, 0xE4, 0x00, 0x80 if related else self.delete_p2, b"\x4F" + lv(aid), self.le)

    def delete_keys(self, version):
        self.host.expect("DELETE [key]", 0x80, 0xE4, 0x00, self.delete_p2, bytes([0xD2, 1, version]), self.le)

    def lock(self, aid, locked):
        self.host.expect("SET STATUS", 0x80, 0xF0, 0x40, 0x80 if locked else 0x00, aid, self.le)

    def card_state(self, state):
        self.host.expect(f"SET STATUS {state:02X}", 0x80, 0xF0, 0x80, state, b"", self.le)

    def key_field(self, kind, key):
        encrypted = self.host.session.encrypt_key(key)
        if kind == "aes" and (self.aes_length or len(key) % 16):
            encrypted = bytes([len(key)]) + encrypted
        return bytes([0x88 if kind == "aes" else 0x80]) + lv(encrypted) + lv(kcv(kind, key))

    def put_keys(self, kind, keys, version, replaced):
        data = bytes([version]) + b"".join(self.key_field(kind, key) for key in keys)
        answer = self.host.expect("PUT KEY", 0x80, 0xD8, replaced, 0x81, data, self.le)
        expected = bytes([version]) + b"".join(kcv(kind, key) for key in keys)
        assert answer == expected, f"PUT KEY answers {answer.hex()}, not {expected.hex()}"


class GlobalPlatformPro(Tool):
    name = "GlobalPlatformPro"
    le = False

    def info(self):
        """gp --info, before a channel is open."""
        for cla, tag in ((0x80, 0x9F7F), (0x00, 0x9F7F), (0x80, 0x0042), (0x80, 0x0045), (0x80, 0x0066), (0x80, 0x0067),
                         (0x80, 0x00C1), (0x80, 0x00CF), (0x80, 0x00E0)):
            _, sw = self.host.raw(cla, 0xCA, tag >> 8, tag & 0xFF)
            assert sw in (0x9000, 0x6A88), f"GET DATA {tag:04X}: {sw:04X}"

    def extradite(self, what, to):
        self.host.expect("INSTALL [for extradition]", 0x80, 0xE6, 0x10, 0x00, lv(to) + b"\0" + lv(what) + b"\0\0\0", False)

    def store_data(self, blocks):
        for number, block in enumerate(blocks):
            last = number == len(blocks) - 1
            self.host.expect("STORE DATA", 0x80, 0xE2, 0x81 if last else 0x01, number, block)


class GlobalPlatformProOf2025(GlobalPlatformPro):
    """Le behind every command, modules before load files, public keys of any length."""

    name = "GlobalPlatformPro of 2025"
    le = True
    listed = (0x80, 0x40, 0x10, 0x20)

    def put_public_key(self, version, *components):
        data = bytes([version]) + b"".join(tlv(tag, value) for tag, value in components) + b"\0"
        return self.host.expect("PUT KEY", 0x80, 0xD8, 0x00, 0x01, data)


class GpShell(Tool):
    name = "gpshell"
    pads_empty = True
    delete_p2 = 0x80

    def load_parameters(self, code):
        return lv(bytes.fromhex("EF04C602") + (len(code) & 0xFFFF).to_bytes(2, "big"))

    def protocols(self):
        """open_sc asks for the card recognition data first."""
        data, sw = self.host.raw(0x80, 0xCA, 0x00, 0x66)
        assert sw == 0x9000, f"GET DATA 66: {sw:04X}"
        inner = read_tlvs(read_tlvs(data)[0][1])[0][1]
        return [dict(read_tlvs(value))[0x06][-2:] for tag, value in read_tlvs(inner) if tag == 0x64]

    def put_token_keys(self, version, modulus, receipt):
        data = (bytes([version, 0xA1, 0x80]) + modulus + b"\0" + b"\xA0\x03\x01\x00\x01\0" + self.key_field("des", receipt))
        return self.host.expect("PUT KEY", 0x80, 0xD8, 0x00, 0x01, data)


class PySim(Tool):
    name = "pySim"
    pads_empty = True
    criteria = bytes.fromhex("4F005C054F9F70C5CC")
    aes_length = False

    def load_parameters(self, _code):
        return b"\0"

"""The checks of run.py. Imported once pcscd runs."""

import json
import re
import subprocess
import time

import smartcard.scard as scard
from smartcard.System import readers
from smartcard.util import toHexString

from host import Host, Refused
from tools import GlobalPlatformPro, GlobalPlatformProOf2025, GpShell, PySim, lv, read_cap, read_tlvs, tlv

TEST_KEY = bytes.fromhex("404142434445464748494A4B4C4D4E4F")
NEW_KEYS = [bytes.fromhex(first * 16) for first in ("A1", "B2", "C3")]
NEW_DES = [bytes.fromhex(first) for first in ("0123456789ABCDEF1123456789ABCDEF", "2123456789ABCDEF3123456789ABCDEF",
                                               "4123456789ABCDEF5123456789ABCDEF")]
SSD = bytes.fromhex("F063617264770001")
INSTANCE = bytes.fromhex("F06361726477010199")


class Product:
    """What a tool's user knows of a product: its key sets, and what it does otherwise."""

    def __init__(self, isd, sets, package="A0000001515350", module="A000000151535041", related=True, personalizes=True):
        self.isd, self.sets, self.related, self.personalizes = bytes.fromhex(isd), sets, related, personalizes
        self.package, self.module = bytes.fromhex(package), bytes.fromhex(module)


# Protocol to key version and option.
PRODUCTS = {
    "generic": Product("A000000151000000", {"03": (0x30, 0x70), "02": (0x20, 0x55)}),
    "uicc": Product("A000000003000000", {"03": (0x30, 0x70), "02": (0x20, 0x15)}),
    "jcop4": Product("A000000151000000", {"03": (0xFF, 0x70)}, related=False),
    "secora": Product("A000000151000000", {"03": (0x30, 0x70), "02": (0x20, 0x55)}),
    "smartcafe": Product("A000000003000000", {"02": (0x01, 0x15)}, "A0000000035350", "A000000003535041",
                         personalizes=False),
    "yubikey": Product("A000000151000000", {"03": (0xFF, 0x60)}),
}
LEVELS = {"02": (0x00, 0x01, 0x03, 0x11, 0x13), "03": (0x00, 0x01, 0x03, 0x11, 0x13, 0x33)}
TOOLS = (GlobalPlatformPro, GlobalPlatformProOf2025, GpShell, PySim)


class Bench:
    """The pcscd and what is in its readers."""

    def __init__(self, cardwright, port, folder, serve):
        self.cardwright, self.port, self.folder, self.serve = cardwright, port, folder, serve
        self.served, self.count = None, 0
        names = [str(reader) for reader in readers()]
        # vpcd lists its pairs in the order of their ports.
        self.names = names

    def insert(self, flavor, *arguments, slot=0, cards=1):
        self.clear()
        self.served = self.serve(self.cardwright, self.port + slot, "--flavor", flavor, *arguments, cards=cards)
        return self.served

    def clear(self):
        if self.served is not None and self.served.process.poll() is None:
            self.served.end()
        self.served = None

    def state_file(self):
        self.count += 1
        return self.folder / f"card{self.count}.json"

    def connect(self, slot=0):
        connection = Connection(self.names[slot])
        return connection


class Connection:
    """A card through PC/SC itself, so that each call and its error can be seen."""

    def __init__(self, reader, protocol=scard.SCARD_PROTOCOL_T1):
        result, self.context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        assert result == 0, scard.SCardGetErrorMessage(result)
        self.wait(reader)
        result, self.card, self.protocol = scard.SCardConnect(self.context, reader, scard.SCARD_SHARE_SHARED, protocol)
        assert result == 0, f"SCardConnect: {scard.SCardGetErrorMessage(result)}"

    def wait(self, reader, present=True):
        """Until the reader has a card, or none; ends by itself."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            _, states = scard.SCardGetStatusChange(self.context, 0, [(reader, scard.SCARD_STATE_UNAWARE)])
            if bool(states[0][1] & scard.SCARD_STATE_PRESENT) == present:
                return
            time.sleep(0.02)
        raise AssertionError(f"{reader} {'has no' if present else 'still has a'} card")

    def transmit(self, command):
        result, answer = scard.SCardTransmit(self.card, scard.SCARD_PCI_T1, list(command))
        assert result == 0, f"SCardTransmit: {scard.SCardGetErrorMessage(result)}"
        answer = bytes(answer)
        assert len(answer) >= 2, "an answer without status word"
        return answer[:-2], int.from_bytes(answer[-2:], "big")

    def reconnect(self, how):
        result, self.protocol = scard.SCardReconnect(self.card, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T1, how)
        assert result == 0, f"SCardReconnect: {scard.SCardGetErrorMessage(result)}"

    def status(self):
        result, _, _, _, atr = scard.SCardStatus(self.card)
        assert result == 0, f"SCardStatus: {scard.SCardGetErrorMessage(result)}"
        return bytes(atr)

    def close(self):
        scard.SCardDisconnect(self.card, scard.SCARD_LEAVE_CARD)
        scard.SCardReleaseContext(self.context)


def refused(sw, action, *arguments):
    try:
        action(*arguments)
    except Refused as error:
        assert error.sw == sw, f"{error}, expected {sw:04X}"
        return
    raise AssertionError(f"not refused with {sw:04X}")


def card_serves(tool_class, flavor, scp, level, bench):
    """Lists, loads, installs, locks, unlocks, makes a domain, changes keys and removes it all, as the tool does."""
    product = PRODUCTS[flavor]
    version, i = product.sets[scp]
    keys = [TEST_KEY] * 3
    connection = bench.connect()
    try:
        host = Host(connection.transmit, tool_class.pads_empty)
        tool = tool_class(host)
        fci = host.select(b"" if issubclass(tool_class, GlobalPlatformPro) else product.isd)
        assert dict(read_tlvs(dict(read_tlvs(fci))[0x6F]))[0x84] == product.isd
        if issubclass(tool_class, GlobalPlatformPro):
            tool.info()
        if tool_class is GpShell:
            assert bytes([int(scp), i]) in tool.protocols()
        host.open(keys, version, level, i)
        before = tool.list()
        assert product.isd in before
        if flavor == "yubikey":
            refused(0x6D00, tool.delete, INSTANCE)
            return
        code, package, applets = read_cap(CAP)
        tool.load(code, package, product.isd if tool_class is not GpShell else b"")
        tool.install(package, applets[0], INSTANCE, b"\0")
        listed = tool.list()
        assert listed[INSTANCE].state == b"\x07" and package in listed, "not listed"
        tool.lock(INSTANCE, True)
        assert tool.list()[INSTANCE].state[0] & 0x80, "not locked"
        tool.lock(INSTANCE, False)
        assert tool.list()[INSTANCE].state == b"\x07"
        tool.create_domain(product.package, product.module, SSD, b"\x80")
        assert SSD in tool.list()
        if product.related:
            tool.delete(package, related=True)
        else:
            refused(0x6A86, tool.delete, package, True)
            remove(tool, product, INSTANCE)
            remove(tool, product, package)
        remove(tool, product, SSD)
        change_keys(tool, host, product, scp, level)
        host.select()
        host.open(keys, version if version != 0xFF else 0x01, level, i)
        assert set(tool.list()) == set(before), "something is left"
    finally:
        connection.close()


def remove(tool, product, aid):
    """gpshell always asks for related objects; jcop4 knows none, and its users leave P2 at 00."""
    if product.related:
        tool.delete(aid)
    else:
        tool.host.expect("DELETE", 0x80, 0xE4, 0x00, 0x00, b"\x4F" + lv(aid), tool.le)


def change_keys(tool, host, product, scp, level):
    """Replaces the set by another, opens with that, and puts the test keys back. Version FF is followed by 01."""
    version, i = product.sets[scp]
    kind, other = ("des", NEW_DES) if scp == "02" else ("aes", NEW_KEYS)
    owned = 0x01 if version == 0xFF else version
    tool.put_keys(kind, other, owned, 0x00 if version == 0xFF else version)
    host.select(product.isd)
    refused(0, host.open, [TEST_KEY] * 3, owned, level, i)
    host.open(other, owned, level, i)
    information = host.expect("GET DATA E0", 0x80, 0xCA, 0x00, 0xE0)
    assert bytes([0xC0, 0x04, 0x01, owned, 0x80 if scp == "02" else 0x88, 0x10]) in information
    tool.put_keys(kind, [TEST_KEY] * 3, owned, owned)


def card_life(flavor, bench):
    """initialize, secure, lock, unlock: gp --initialize-card --secure-card --lock-card --unlock-card."""
    product = PRODUCTS[flavor]
    scp = next(iter(product.sets))
    version, i = product.sets[scp]
    connection = bench.connect()
    try:
        host = Host(connection.transmit)
        tool = GlobalPlatformPro(host)
        host.select()
        host.open([TEST_KEY] * 3, version, 0x01, i)
        state = tool.list()[product.isd].state[0]
        for step in (0x07, 0x0F):
            if state < step:
                tool.card_state(step)
        tool.card_state(0x7F)
        data, sw = host.raw(0x00, 0xA4, 0x04, 0x00)
        assert sw == 0x6283 and data, f"SELECT of a locked card: {sw:04X}"
        host.session = None
        host.open([TEST_KEY] * 3, version, 0x01, i)
        assert tool.list()[product.isd].state == b"\x7F"
        tool.card_state(0x0F)
        host.select()
    finally:
        connection.close()


def domain_with_protocol(bench, kind, parameters, keys, version, option, levels, s16):
    """gp --domain with 81 in its parameters, first keys, and its own channel."""
    connection = bench.connect()
    try:
        host = Host(connection.transmit)
        tool = GlobalPlatformPro(host)
        host.select()
        host.open([TEST_KEY] * 3, 0x30, 0x03)
        if SSD in tool.list():
            tool.delete(SSD)
        tool.create_domain(PRODUCTS["generic"].package, PRODUCTS["generic"].module, SSD, b"\x80", parameters)
        host.select(SSD)
        host.open([TEST_KEY] * 3, 0x30, 0x03)
        tool.put_keys(kind, keys, version, 0)
        for level in levels:
            host.select(SSD)
            host.open(keys, version, level, option, s16)
            assert tool.list()[SSD].state == b"\x0F"
            tool.store_data([tlv(0x45, b"\1\2\3")])
            assert host.expect("GET DATA", 0x80, 0xCA, 0x00, 0x45) == bytes.fromhex("4503010203")
    finally:
        connection.close()


def extradition(bench):
    """gp --move, and a load into the domain."""
    connection = bench.connect()
    try:
        host = Host(connection.transmit)
        tool = GlobalPlatformPro(host)
        host.select()
        host.open([TEST_KEY] * 3, 0x30, 0x01)
        if SSD in tool.list():
            tool.delete(SSD)
        tool.create_domain(PRODUCTS["generic"].package, PRODUCTS["generic"].module, SSD, b"\x80",
                           bytes.fromhex("81020370" "82022020" "87022020"))
        host.select(SSD)
        host.open([TEST_KEY] * 3, 0x30, 0x03)
        tool.put_keys("aes", NEW_KEYS, 0x30, 0)
        host.select()
        host.open([TEST_KEY] * 3, 0x30, 0x01)
        code, package, applets = read_cap(CAP)
        tool.load(code, package, PRODUCTS["generic"].isd)
        tool.install(package, applets[0], INSTANCE, b"\0")
        tool.extradite(INSTANCE, SSD)
        assert tool.list()[INSTANCE].domain == SSD
        tool.delete(INSTANCE)
        tool.delete(package)
    finally:
        connection.close()


def public_keys(bench):
    """gp --put-key of RSA and elliptic curves; RSA of 2048 bits goes in two parts."""
    connection = bench.connect()
    try:
        for level in (0x01, 0x03, 0x33):
            host = Host(connection.transmit)
            tool = GlobalPlatformProOf2025(host)
            host.select()
            host.open([TEST_KEY] * 3, 0x30, level)
            for version, components in (
                    (0x70, ((0xA1, b"\xC3" * 128), (0xA0, b"\1\0\1"))),
                    (0x71, ((0xA1, b"\xC3" * 256), (0xA0, b"\1\0\1"))),
                    (0x72, ((0xB0, b"\4" + b"\x7A" * 64), (0xF0, b"\0"))),
                    (0x73, ((0xB0, b"\4" + b"\x7A" * 132), (0xF0, b"\2")))):
                tool.put_public_key(version, *components)
                assert bytes([1, version]) in host.expect("GET DATA E0", 0x80, 0xCA, 0x00, 0xE0)
                tool.delete_keys(version)
            # A load file hash, parameters and a token's place: INSTALL in two parts as well.
            code, package, applets = read_cap(CAP)
            tool.load(code, package, b"")
            tool.install(package, applets[0], INSTANCE, b"\0", tlv(0xC9, bytes(120)) + tlv(0xEF, b"\xC8\x02\0\x20"))
            tool.delete(package, related=True)
    finally:
        connection.close()


def scp02_domain(bench):
    """gp --domain in SCP02: the option of its own session is 00 to it."""
    connection = bench.connect()
    try:
        host = Host(connection.transmit)
        tool = GlobalPlatformProOf2025(host)
        host.select()
        host.open([TEST_KEY] * 3, 0x20, 0x03)
        if SSD in tool.list():
            tool.delete(SSD)
        tool.create_domain(PRODUCTS["generic"].package, PRODUCTS["generic"].module, SSD, b"\x80",
                           bytes.fromhex("81020200"))
        host.select(SSD)
        host.open([TEST_KEY] * 3, 0x20, 0x01)
        tool.put_keys("des", NEW_DES, 0x20, 0)
        host.select(SSD)
        host.open(NEW_DES, 0x20, 0x03)
        tool.list()
    finally:
        connection.close()


def token_keys(bench):
    connection = bench.connect()
    try:
        host = Host(connection.transmit, pads_empty=True)
        host.select()
        host.open([TEST_KEY] * 3, 0x20, 0x03)
        GpShell(host).put_token_keys(0x70, b"\xC3" * 128, NEW_DES[0])
        GpShell(host).delete_keys(0x70)
    finally:
        connection.close()


def not_offered(bench):
    """R-ENC in SCP02, and R-MAC where the capabilities tell no such option: 6A86, and the set can be used on."""
    for flavor, version, levels in (("generic", 0x20, (0x33,)), ("smartcafe", 0x01, (0x11, 0x13, 0x33))):
        bench.insert(flavor)
        connection = bench.connect()
        try:
            host = Host(connection.transmit)
            host.select()
            for level in levels:
                refused(0x6A86, host.open, [TEST_KEY] * 3, version, level, PRODUCTS[flavor].sets["02"][1])
            host.open([TEST_KEY] * 3, version, 0x03, PRODUCTS[flavor].sets["02"][1])
        finally:
            connection.close()
    bench.insert("generic")


def wrong_keys_block_nothing_but_their_set(bench):
    connection = bench.connect()
    try:
        host = Host(connection.transmit)
        host.select()
        for _ in range(3):
            answer, sw = host.raw(0x80, 0x50, 0x30, 0x00, bytes(8))
            assert sw == 0x9000 and len(answer) == 32
            _, sw = host.raw(0x84, 0x82, 0x01, 0x00, bytes(16), le=False)
            assert sw == 0x6300, f"{sw:04X}"
        host.open([TEST_KEY] * 3, 0x30, 0x33)
    finally:
        connection.close()


def run(*command, timeout=60, text=None):
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, input=text, check=False)
    return done.returncode, done.stdout + done.stderr


def opensc_lists_readers(bench):
    status, out = run("opensc-tool", "-l")
    assert status == 0 and re.search(r"0\s+Yes\s+Virtual PCD", out), out


def opensc_shows_the_atr(bench, flavor):
    connection = bench.connect()
    atr = connection.status()
    connection.close()
    status, out = run("opensc-tool", "-r", bench.names[0], "-a")
    assert status == 0 and toHexString(list(atr)).replace(" ", ":").lower() in out.lower(), out
    if flavor == "jcop4":
        assert atr.hex().upper() == "3BD518FF8191FE1FC38073C821100A"


def opensc_sends(bench):
    status, out = run("opensc-tool", "-r", bench.names[0], "-s", "00A4040000", "-s", "80CA9F7F00", "-s", "00A40004023F00")
    assert status == 0 and out.count("Received (SW1=0x") == 3 and "SW1=0x90" in out, out


def opensc_probes(bench):
    """Dozens of drivers look for their card. None is found, and the card is as it was."""
    connection = bench.connect()
    before, _ = connection.transmit(bytes.fromhex("80CA00C100"))
    _, out = run("opensc-tool", "-r", bench.names[0], "-n")
    assert "Unsupported card" in out or out.strip(), out
    connection.transmit(bytes.fromhex("00A4040000"))
    after, sw = connection.transmit(bytes.fromhex("80CA00C100"))
    connection.close()
    assert sw == 0x9000 and before == after, f"{before.hex()} {after.hex()} {sw:04X}"


def scriptor_runs(bench):
    script = bench.folder / "script.txt"
    script.write_text("reset\n00 A4 04 00 00\n80 CA 00 66 00\n80 CA 9F 7F 00\n80 F2 80 02 02 4F 00 00\n")
    status, out = run("scriptor", "-r", bench.names[0], "-p", "T=1", str(script))
    assert status == 0 and out.count("90 00") >= 3 and "69 82" in out, out


def resets_and_power(bench):
    connection = bench.connect()
    try:
        host = Host(connection.transmit)
        for how in (scard.SCARD_RESET_CARD, scard.SCARD_UNPOWER_CARD):
            host.select()
            host.open([TEST_KEY] * 3, 0x30, 0x01)
            atr = connection.status()
            connection.reconnect(how)
            assert connection.status() == atr
            _, sw = host.send(0x80, 0xF2, 0x80, 0x02, b"\x4F\0")
            assert sw == 0x6982, f"the session is still there: {sw:04X}"
            host.session = None
        for how in (scard.SCARD_RESET_CARD, scard.SCARD_UNPOWER_CARD, scard.SCARD_EJECT_CARD):
            scard.SCardDisconnect(connection.card, how)
            connection = bench.connect()
            host = Host(connection.transmit)
            host.select()
    finally:
        connection.close()


def extended_lengths(bench):
    """Lc and Le of three bytes; 1,000 bytes of STORE DATA to an applet come back whole."""
    connection = bench.connect()
    try:
        data, sw = connection.transmit(bytes.fromhex("00A4040000" "0000"))
        assert sw == 0x9000 and data
        host = Host(connection.transmit)
        tool = GlobalPlatformPro(host)
        host.select()
        host.open([TEST_KEY] * 3, 0x30, 0x01)
        code, package, applets = read_cap(CAP)
        tool.load(code, package, b"")
        tool.install(package, applets[0], INSTANCE, b"\0")
        host.select(INSTANCE)
        value = bytes(range(256)) * 4
        group = b"\x01\x01\xFF" + len(value).to_bytes(2, "big") + value
        _, sw = connection.transmit(bytes.fromhex("80E2000000") + len(group).to_bytes(2, "big") + group)
        assert sw == 0x9000, f"{sw:04X}"
        data, sw = connection.transmit(bytes.fromhex("80CA0101000000"))
        assert sw == 0x9000 and data == value
        data, sw = connection.transmit(bytes.fromhex("80CA010100"))
        assert sw == 0x6100 and len(data) == 256, f"{sw:04X}"
        rest = b""
        while sw >> 8 == 0x61:
            more, sw = connection.transmit(bytes.fromhex("00C00000") + bytes([sw & 0xFF]))
            rest += more
        assert sw == 0x9000 and data + rest == value
    finally:
        connection.close()


def several_cards(bench):
    flavors = ["generic", "jcop4", "uicc", "secora", "smartcafe", "yubikey"]
    state = bench.folder / "several.json"
    served = bench.insert(",".join(flavors), "--count", "6", "--state", str(state), cards=6)
    assert sorted(line.split()[1] for line in served.lines) == sorted(flavors)
    connections = [bench.connect(slot) for slot in range(6)]
    try:
        hosts = [Host(connection.transmit) for connection in connections]
        # Turn by turn, so that one card's session would be seen in another's.
        for host in hosts:
            host.select()
        for host, flavor in zip(hosts, flavors):
            scp = next(iter(PRODUCTS[flavor].sets))
            version, i = PRODUCTS[flavor].sets[scp]
            host.open([TEST_KEY] * 3, version, 0x03, i)
        for host, flavor in zip(hosts, flavors):
            assert PRODUCTS[flavor].isd in GlobalPlatformPro(host).list()
    finally:
        for connection in connections:
            connection.close()
    assert served.end() == 0
    for number, flavor in enumerate(flavors):
        file = state if number == 0 else bench.folder / f"several-{number + 1}.json"
        assert json.loads(file.read_text())["flavor"] == flavor
        assert file.stat().st_mode & 0o777 == 0o600


def killed(bench):
    """kill -9 between two commands, many times: what was answered is there."""
    state = bench.state_file()
    domains = []
    for number in range(5):
        bench.insert("generic", "--state", str(state))
        connection = bench.connect()
        host = Host(connection.transmit)
        tool = GlobalPlatformPro(host)
        host.select()
        host.open([TEST_KEY] * 3, 0x30, 0x03)
        listed = tool.list()
        assert all(aid in listed for aid in domains), f"lost after {number} kills"
        domains.append(SSD[:-1] + bytes([number + 1]))
        tool.create_domain(PRODUCTS["generic"].package, PRODUCTS["generic"].module, domains[-1], b"\x80")
        assert bench.served.end(signal_kill()) == -9
        connection.close()
        json.loads(state.read_text())


def signal_kill():
    import signal  # pylint: disable=import-outside-toplevel
    return signal.SIGKILL


def pulled_out(bench):
    """A host sees that the card is gone, and that it comes again."""
    served = bench.insert("generic")
    connection = bench.connect()
    try:
        served.end()
        result, answer = scard.SCardTransmit(connection.card, scard.SCARD_PCI_T1, [0x00, 0xA4, 0x04, 0x00, 0x00])
        assert result != 0 or not answer, "an answer of a card that is gone"
        connection.wait(bench.names[0], present=False)
        bench.insert("generic")
        connection.wait(bench.names[0])
    finally:
        connection.close()
    again = bench.connect()
    Host(again.transmit).select()
    again.close()


def taken_slot(bench):
    bench.insert("generic")
    status, out = run(bench.cardwright, "card", "serve", "--vpcd", f"127.0.0.1:{bench.port}")
    assert status == 5 and out.count("\n") == 1 and "another card" in out, f"{status} {out}"
    # The card that is in is none the worse.
    connection = bench.connect()
    Host(connection.transmit).select()
    connection.close()


def says_what_is_wrong(bench):
    folder = bench.folder
    broken = folder / "broken.json"
    broken.write_text("{}")
    foreign = bench.state_file()
    bench.insert("jcop4", "--state", str(foreign))
    bench.clear()
    at = f"127.0.0.1:{bench.port}"
    for status, words, arguments in (
            (5, "no vpcd is there", ["--vpcd", "127.0.0.1:1"]),
            (5, "no such host", ["--vpcd", "no.such.host.invalid:1"]),
            (2, "no card flavor", ["--vpcd", at, "--flavor", "jcop5"]),
            (2, "no address", ["--vpcd", "localhost:port"]),
            (2, "broken.json", ["--vpcd", at, "--state", str(broken)]),
            (2, "is of flavor jcop4", ["--vpcd", at, "--state", str(foreign)]),
            (2, "cannot write", ["--vpcd", at, "--state", "/nowhere/card.json"]),
            (2, "cannot write the trace", ["--vpcd", at, "--trace", "/nowhere/trace"]),
            (2, "2 flavors for 1 card", ["--vpcd", at, "--flavor", "generic,uicc"]),
            (2, "--count is for one", ["--vpcd", at, "--vpcd", at, "--count", "2"]),
            (2, "--vpcd", [])):
        got, out = run(bench.cardwright, "card", "serve", *arguments)
        assert got == status and words in out and out.count("\n") == 1, f"{arguments}: {got} {out}"


def traces(bench):
    """Decoded as it travels; nothing of a key, of personal data or of a PIN."""
    trace = bench.folder / "trace.txt"
    bench.insert("generic", "--trace", str(trace))
    connection = bench.connect()
    host = Host(connection.transmit)
    tool = PySim(host)
    host.select()
    host.open([TEST_KEY] * 3, 0x30, 0x01)
    tool.put_keys("aes", NEW_KEYS, 0x31, 0)
    host.expect("STORE DATA", 0x80, 0xE2, 0x90, 0x00, tlv(0x45, b"personal data"))
    sent = tool.key_field("aes", NEW_KEYS[0])[2:18].hex().upper()
    connection.close()
    bench.clear()
    text = trace.read_text()
    assert trace.stat().st_mode & 0o777 == 0o600
    for words in ("power on, ATR 3B8A", "#1 SELECT", "INITIALIZE UPDATE key version 30", "PUT KEY new key set", "STORE DATA",
                  "< 9000"):
        assert words in text, f"{words} is missing"
    for secret in (sent, b"personal data".hex().upper(), TEST_KEY.hex().upper(), NEW_KEYS[0].hex().upper()):
        assert secret not in text


def keeps_state(bench):
    state = bench.state_file()
    bench.insert("generic", "--state", str(state), "--seed", "7")
    connection = bench.connect()
    host = Host(connection.transmit)
    host.select()
    host.open([TEST_KEY] * 3, 0x20, 0x03)
    PySim(host).create_domain(PRODUCTS["generic"].package, PRODUCTS["generic"].module, SSD, b"\x80\0\0")
    connection.close()
    assert bench.served.end() == 0
    status, out = run(bench.cardwright, "run", "demo/inventory", "--card", "sim:generic", "--card-state", str(state))
    assert status == 0 and SSD.hex().upper() in out, out


def state_is_ones_own(bench):
    """Two cards with one memory would each write over what the other did."""
    state = bench.state_file()
    bench.insert("generic", "--state", str(state))
    status, out = run(bench.cardwright, "card", "serve", "--vpcd", f"127.0.0.1:{bench.port + 1}", "--state", str(state))
    assert status == 2 and "another program has the card in" in out and out.count("\n") == 1, (status, out)


def serial_numbers(bench):
    """Who tells cards apart by their CPLC can use several."""
    bench.insert("generic", "--count", "2", cards=2)
    numbers = []
    for slot in (0, 1):
        connection = bench.connect(slot)
        cplc, sw = Host(connection.transmit).raw(0x80, 0xCA, 0x9F, 0x7F)
        connection.close()
        assert sw == 0x9000
        numbers.append(cplc[3 + 12:3 + 16])
    assert numbers[0] != numbers[1], numbers


def has_readers(bench):
    """Whether the program opens PC/SC readers itself."""
    return run(bench.cardwright, "readers", "--help")[0] == 0


def aids(inventory):
    """What begins a line and is an AID."""
    return re.findall(r"^ *([0-9A-F]{10,32})\b", inventory, re.MULTILINE)


def demo_flows(flavor, bench):
    """The flows of scripts/demo, by the program itself, through pcscd; afterwards the card holds what it did before."""
    product = PRODUCTS[flavor]
    kind = "aes" if "03" in product.sets else "des"
    sets = {"isd": ("00", [TEST_KEY] * 3), "demo.sd": ("30", NEW_DES), "demo.sd2": ("31", NEW_DES[::-1])}
    keys = bench.folder / f"{flavor}.keys"
    keys.touch(0o600)
    keys.write_text("".join(f"[{name}]\ntype = {kind}\nversion = {version}\n" + "".join(
        f"{part} = {key.hex()}\n" for part, key in zip(("enc", "mac", "dek"), values))
                            for name, (version, values) in sets.items()))
    holder = bench.folder / "holder.txt"
    holder.touch(0o600)
    holder.write_text("Ada Lovelace")
    bench.insert(flavor)
    cap, aid = f"cap={CAP.parent / 'transit-2.1.cap'}", f"aid={SSD.hex().upper()}"

    def flow(name, *settings):
        given = [word for setting in settings for word in ("--set", setting)]
        status, out = run(bench.cardwright, "run", name, "--card", f"pcsc:{bench.names[0]}", "--flavor", flavor,
                          "--keys", str(keys), *given)
        assert status == 0, f"{name}: {out.strip().splitlines()[-1]}"
        return out

    before = flow("demo/inventory")
    assert product.isd.hex().upper() in aids(before)
    flow("demo/install", cap, f"holder=@{holder}")
    assert "0 steps done" in flow("demo/install", cap, f"holder=@{holder}"), "not all was found done"
    assert "LOCKED" in flow("demo/lock", aid)
    flow("demo/unlock", aid)
    flow("demo/rotate-keys", "new=demo.sd2")
    flow("demo/remove", cap)
    after = flow("demo/inventory")
    assert sorted(aids(after)) == sorted(aids(before)), "something is left"


CAP = None


def all_checks(bench):
    """Name and check, in order; the card that a check wants is put in before it."""
    global CAP
    from pathlib import Path  # pylint: disable=import-outside-toplevel
    CAP = Path(__file__).resolve().parents[2] / "caps/wallet-1.0.cap"

    for flavor, product in PRODUCTS.items():
        yield f"{flavor}: inserted", lambda flavor=flavor: bench.insert(flavor, "--state", str(bench.state_file()))
        yield f"{flavor}: opensc-tool lists its reader", lambda: opensc_lists_readers(bench)
        yield f"{flavor}: opensc-tool shows its ATR", lambda flavor=flavor: opensc_shows_the_atr(bench, flavor)
        yield f"{flavor}: opensc-tool tries its drivers on it", lambda: opensc_probes(bench)
        for scp in product.sets:
            for level in LEVELS[scp]:
                if flavor == "smartcafe" and level & 0x10:
                    continue  # it has no R-MAC: its capabilities tell no such option
                for tool in TOOLS:
                    if flavor == "jcop4":  # its factory set FF is gone once it was replaced
                        yield f"{flavor}: a new one", lambda: bench.insert("jcop4")
                    name = f"{flavor}: {tool.name} in SCP{scp} at level {level:02X}"
                    yield name, lambda t=tool, f=flavor, s=scp, n=level: card_serves(t, f, s, n, bench)
        if flavor == "jcop4":
            yield f"{flavor}: a new one", lambda: bench.insert("jcop4")
        yield f"{flavor}: card life cycle", lambda flavor=flavor: card_life(flavor, bench)

    yield "generic: inserted again", lambda: bench.insert("generic")
    yield "opensc-tool sends APDUs", lambda: opensc_sends(bench)
    yield "scriptor runs a script", lambda: scriptor_runs(bench)
    yield "SCP02 levels that are not offered", lambda: not_offered(bench)
    yield "wrong keys", lambda: wrong_keys_block_nothing_but_their_set(bench)
    yield "domain with SCP02 i=75: R-MAC", lambda: domain_with_protocol(
        bench, "des", bytes.fromhex("81020275"), NEW_DES, 0x20, 0x75, (0x01, 0x03, 0x11, 0x13), False)
    yield "domain with SCP03 i=71: S16", lambda: domain_with_protocol(
        bench, "aes", bytes.fromhex("81020371"), NEW_KEYS, 0x30, 0x71, LEVELS["03"], True)
    yield "domain with SCP03 and AES-256", lambda: domain_with_protocol(
        bench, "aes", bytes.fromhex("81020370"), [key * 2 for key in NEW_KEYS], 0x30, 0x70, LEVELS["03"], False)
    yield "domain with SCP03 and AES-192", lambda: domain_with_protocol(
        bench, "aes", bytes.fromhex("81020370"), [key + key[:8] for key in NEW_KEYS], 0x30, 0x70, LEVELS["03"], False)
    yield "gp --move", lambda: extradition(bench)
    yield "gp --put-key", lambda: public_keys(bench)
    yield "gp --domain in SCP02", lambda: scp02_domain(bench)
    yield "gpshell put_dm_keys", lambda: token_keys(bench)
    yield "warm reset, unpower, eject", lambda: resets_and_power(bench)
    yield "extended lengths", lambda: extended_lengths(bench)
    yield "six cards at once", lambda: several_cards(bench)
    yield "killed", lambda: killed(bench)
    yield "pulled out and put in again", lambda: pulled_out(bench)
    yield "a slot that is taken", lambda: taken_slot(bench)
    yield "wrong arguments", lambda: says_what_is_wrong(bench)
    yield "trace", lambda: traces(bench)
    yield "the file is that of --card sim", lambda: keeps_state(bench)
    yield "one file is one card's", lambda: state_is_ones_own(bench)
    yield "serial numbers", lambda: serial_numbers(bench)
    if has_readers(bench):
        for flavor in PRODUCTS:
            if flavor != "yubikey":
                yield f"{flavor}: demo flows", lambda flavor=flavor: demo_flows(flavor, bench)

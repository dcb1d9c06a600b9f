"""Stories that go wrong: each is one clear line, an exit status, and nothing left locked."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

from card import ATR_OTHER, ATR_T1, ATR_T14, respond

SELECT = "00A4040000"
# One of each kind that a script may send in the plain; those of opening a channel come in a flow.
KINDS = {
    "SELECT": "00A4040007F0636172647701",
    "GET DATA": "80CA9F7F00",
    "GET STATUS": "80F28002024F0000",
    "INSTALL [for load]": "80E602000C07F063617264770300000000",
    "LOAD": "80E8800004C4020102",
    "INSTALL [for install and make selectable]": "80E60C000E02F06302F06302F0630100000000",
    "INSTALL [for personalization]": "80E620000800000002F0630000",
    "STORE DATA": "80E2900003010203",
    "PUT KEY": "80D80081" + "01" + "30",
    "SET STATUS": "80F0408002F063",
    "DELETE": "80E400000A4F08F063617264770300",
    "MANAGE CHANNEL": "0070000001",
    "GET RESPONSE": "00C0000010",
}


def no_pcscd(bench):
    for run in (("readers",), ("readers", "--watch"), bench.send(SELECT)):
        bench.expect(f"no pcscd: {' '.join(run)}", 5, "pcscd does not answer, it is not running; start it",
                     "SCARD_E_NO_SERVICE, 8010001D", run=run)


no_pcscd.readers = None


def no_reader(bench):
    for run in (("readers",), ("readers", "--json"), bench.send(SELECT)):
        bench.expect(f"no reader: {' '.join(run)}", 5, "there is no reader: pcscd runs and has none", run=run)


no_reader.readers = 0


def what_does_not_go_together(bench):
    bench.insert()
    bench.expect("flows get no test keys for a card in a reader", 2, "no keys for the card: .*give --keys FILE",
                 run=("run", "demo/inventory", "--card", "pcsc:0"))
    bench.expect("--card-state is for simulated cards", 2, "--card-state goes with a simulated card",
                 run=(*bench.send(SELECT), "--card-state", bench.folder + "/state"))
    bench.expect("--card-shared is for cards in readers", 2, "--card-shared goes with a card in a reader",
                 run=("send", "--card", "sim", SELECT, "--card-shared"))
    bench.expect("--flavor names the product, or those there are", 2, "yubikey.*yubikee|yubikee.*yubikey",
                 run=(*bench.send(SELECT), "--flavor", "yubikee"))
    bench.expect("a simulated card has one flavor", 2, "sim:jcop4 and --flavor uicc name different products",
                 run=("send", "--card", "sim:jcop4", "--flavor", "uicc", SELECT))


def cards_that_do_not_open(bench):
    bench.expect("an empty reader", 5, "Virtual PCD 00 00: .*there is no card in the reader", "SCARD_E_NO_SMARTCARD",
                 run=bench.send(SELECT))
    card = bench.insert(mute=True)
    bench.expect("a mute card", 5, "the card is mute", "SCARD_W_UNRESPONSIVE_CARD", run=bench.send(SELECT))
    bench.expect("a mute card is listed as such", 0, "card, mute", run=("readers",))
    bench.remove(card)
    card = bench.insert()
    bench.run(*bench.send(SELECT))  # leaves it without power
    card.mute = True
    bench.expect("a card that gets no power", 5, "the card has no power", "SCARD_W_UNPOWERED_CARD",
                 run=bench.send(SELECT))
    card.mute = False
    bench.expect("and the same card when it has power again", 0, "9000 success", run=bench.send(SELECT))
    bench.remove(card)
    bench.insert(atr=ATR_T14)
    bench.expect("a card with neither T=0 nor T=1", 5, "neither T=0 nor T=1", "SCARD_E_PROTO_MISMATCH",
                 run=bench.send(SELECT))


def pulled_in_the_middle(bench):
    bench.insert_all(answer=lambda _card, _apdu: None)
    for index, (name, apdu) in enumerate(KINDS.items()):
        bench.expect(f"pulled in the middle of {name}", 5, re.escape(f"the card was removed in the middle of {name}"),
                     run=bench.send(apdu, reader=str(index)))


pulled_in_the_middle.readers = len(KINDS)


def cmac(key, data):
    asked = subprocess.run(["openssl", "mac", "-cipher", "AES-128-CBC", "-macopt", "hexkey:" + key.hex(), "CMAC"],
                           input=data, capture_output=True, check=True)
    return bytes.fromhex(asked.stdout.decode().strip())


def initialize_update(apdu):
    """The answer of a card with SCP03 and the test keys (GPC amendment D 7.1.1); its challenge is always the same."""
    key = bytes.fromhex("404142434445464748494A4B4C4D4E4F")
    challenge = bytes(range(8))
    context = apdu[5:13] + challenge
    session = cmac(key, bytes(11) + b"\x06\x00\x00\x80\x01" + context)
    cryptogram = cmac(session, bytes(11) + b"\x00\x00\x00\x40\x01" + context)[:8]
    return bytes(10) + bytes.fromhex("300300") + challenge + cryptogram + bytes.fromhex("9000")


def pulled_while_a_channel_opens(bench):
    def until(last):
        return lambda card, apdu: None if apdu[1] == last else (
            initialize_update(apdu) if apdu[1] == 0x50 else respond(card, apdu))

    for name, ins in (("INITIALIZE UPDATE", 0x50), ("EXTERNAL AUTHENTICATE", 0x82), ("GET STATUS", 0xF2)):
        bench.insert(answer=until(ins))
        bench.expect(f"pulled in the middle of {name}, in a flow", 5, f"the card was removed in the middle of {name}",
                     run=("run", "demo/inventory", "--card", "pcsc:0", "--keys", bench.keys))
        bench.wait(lambda: not bench.listed()[0]["present"], "the reader is empty")


def prompt(bench, card, *options):
    """A prompt that has sent its first command, and stays."""
    process = bench.start("repl", "--card", "pcsc:0", "--keys", bench.keys, *options)
    process.stdin.write('card:select("")\n')
    process.stdin.flush()
    bench.wait(card.asked.is_set, "the first command")
    return process


def goes_on(process):
    """It sends another; what it says, and its exit status. An entry that fails is 1, whatever failed in it."""
    _, err = process.communicate('card:select("")\n', timeout=60)
    return err, process.returncode


def moved_between_commands(bench):
    for name, atr, words in (("taken out", None, "was removed before SELECT; put it in"),
                             ("put in again", ATR_T1, "removed and put in again, or one like it, before SELECT"),
                             ("changed for another", ATR_OTHER, f"another card was put in .*was {ATR_T1.hex().upper()}")):
        card = bench.insert()
        process = prompt(bench, card)
        bench.remove(card)
        if atr:
            card = bench.insert(atr=atr)
        err, status = goes_on(process)
        found = re.search(words, err)
        bench.check(f"a card {name} between two commands", found and status == 1, f"{status} {err}")
        if atr:
            bench.remove(card)


def another_program(bench):
    card = bench.insert()
    process, said = bench.other("hold", "Virtual PCD 00 00")
    bench.check("the other program holds the card", said == "holds", said)
    bench.expect("a card that another program holds", 5, "another program holds the card", "SCARD_E_SHARING_VIOLATION",
                 run=bench.send(SELECT))
    bench.expect("and is listed so", 0, "held by another program", run=("readers",))
    process.stdin.close()
    process.wait()
    mine = prompt(bench, card)
    _, said = bench.other("reset", "Virtual PCD 00 00")
    bench.check("the program lets no other in", said == "refused 8010000B", said)
    err, status = goes_on(mine)
    bench.check("and goes on undisturbed", status == 0, err)
    card.asked.clear()
    mine = prompt(bench, card, "--card-shared")
    _, said = bench.other("reset", "Virtual PCD 00 00")
    bench.check("with --card-shared another may come in", said == "reset", said)
    err, status = goes_on(mine)
    bench.check("a reset by another program ends what went on",
                status == 1 and "the card was reset by another program" in err, f"{status} {err}")


def its_program_is_killed(bench):
    # Why no process goes on in the channel of one that was killed: pcscd leaves no card as it was
    # (docs/decisions/0022).
    card = bench.insert()
    for what, resets in (("hold", 1), ("share", 0)):
        process, said = bench.other(what, "Virtual PCD 00 00")
        bench.check(f"a program has the card ({what})", said == "holds" and card.powered, said)
        before = card.resets
        process.kill()
        process.wait()
        begin = time.monotonic()
        bench.wait(lambda: not card.powered, "pcscd takes the power of a card that nobody has")
        bench.check(f"a card whose program is killed is without power soon ({what})", time.monotonic() - begin < 10)
        bench.check(f"and was reset {resets} times before ({what})", card.resets - before == resets,
                    card.resets - before)


def interrupted(bench):
    def answer(card, apdu):
        time.sleep(2)
        return respond(card, apdu)

    card = bench.insert(answer=answer)
    for name, signals, statuses in (("Ctrl-C", [signal.SIGINT], (130,)),
                                    ("Ctrl-C twice", [signal.SIGINT, signal.SIGINT], (130,)),
                                    ("SIGKILL", [signal.SIGKILL], (-9,))):
        card.asked.clear()
        process = bench.start(*bench.send(SELECT, SELECT, SELECT))
        bench.wait(card.asked.is_set, "the first command")
        for number in signals:
            process.send_signal(number)
            time.sleep(0.3)
        process.communicate(timeout=60)
        bench.check(f"{name} in the middle of a command ends the run", process.returncode in statuses,
                    process.returncode)
        said = ""
        end = time.monotonic() + 10
        while said != "holds" and time.monotonic() < end:  # pcscd waits for the answer that nobody wants any more
            other, said = bench.other("hold", "Virtual PCD 00 00")
            other.stdin.close()
            other.wait()
        bench.check(f"after {name} the card is free", said == "holds", said)


def pcscd_ends(bench):
    card = bench.insert()
    process = prompt(bench, card)
    process.stdin.write('card:select("")\n')
    process.stdin.flush()
    bench.wait(lambda: len(card.commands) == 2, "the second command")
    bench.pcscd.stop()
    err, status = goes_on(process)
    bench.check("pcscd that ends meanwhile", status == 1 and "pcscd" in err and "start it" in err, f"{status} {err}")


def pcscd_starts_anew(bench):
    for name, count in (("is found again", 2), ("or is gone", 0)):
        card = bench.insert()
        process = prompt(bench, card)
        bench.restart(count)
        if count:
            card = bench.insert()
            out, err = process.communicate('card:reset()\ncard:select("")\n', timeout=60)
            bench.check(f"after pcscd was started anew, the reader {name}", process.returncode == 0, out + err)
            bench.remove(card)
        else:
            _, err = process.communicate("card:reset()\n", timeout=60)
            bench.check(f"{name}", "pcscd does not have this reader any more, it was unplugged" in err, err)


def driver_hangs(bench):
    card = bench.insert()
    bench.insert(1)
    card.hang = True  # vpcd waits for it, pcscd for vpcd, and whoever opens the card for pcscd
    begin = time.monotonic()
    bench.expect("a connect that hangs does not hang the program", 5, "opening the card did not end within 20 s",
                 run=bench.send(SELECT))
    bench.check("and it ends soon after", time.monotonic() - begin < 40)
    bench.expect("while that reader hangs, another works", 0, "9000 success", run=bench.send(SELECT, reader="1"))
    bench.check("no process of the program stays", not any(p.poll() is None for p in bench.programs),
                [p.pid for p in bench.programs if p.poll() is None])


def pcscd_hangs(bench):
    pid = int(Path(bench.folder, "run", "pcscd.pid").read_text().strip("\n\0"))
    os.kill(pid, signal.SIGSTOP)
    bench.expect("a pcscd that hangs does not hang the program", 5, "pcscd does not answer for 10 s", run=("readers",))
    os.kill(pid, signal.SIGCONT)
    bench.expect("and is of use again when it goes on", 0, "no card", run=("readers",))


STORIES = [no_pcscd, no_reader, what_does_not_go_together, cards_that_do_not_open, pulled_in_the_middle,
           pulled_while_a_channel_opens, moved_between_commands, another_program, its_program_is_killed, interrupted,
           pcscd_ends, pcscd_starts_anew, driver_hangs, pcscd_hangs]

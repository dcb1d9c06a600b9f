"""Stories that go well: finding readers, hot-plug, protocols, lengths, slow cards."""

import json
import time

from card import ATR_EXTENDED, ATR_T0, ATR_T1, respond

SELECT = "00A4040000"
LONG = "80E29000" + "00012C" + 300 * "5A"  # STORE DATA with 300 bytes, as an extended APDU


def sixteen_readers(bench):
    all_of_them = bench.listed()
    names = [reader["name"] for reader in all_of_them]
    bench.check("more than eight readers are listed, in pcscd's order", [r["index"] for r in all_of_them] ==
                list(range(16)) and len(set(names)) == 16, names)
    watch = bench.start("readers", "--watch")
    while names[15] not in watch.stdout.readline():
        pass
    bench.insert(15, atr=ATR_T0)
    bench.check("a card is listed with its ATR", bench.listed()[15]["atr"] == ATR_T0.hex().upper(), bench.listed())
    said = watch.stdout.readline()
    bench.check("--watch sees the last of so many", "Virtual PCD H 00 01: card inserted" in said, said)
    bench.expect("the table says what is in each", 0, "no card", "H 00 01 +card +" + ATR_T0.hex().upper(),
                 run=("readers",))
    for what, text in (("its name", names[15]), ("a part that no other has", "pcd h 00 01"), ("its index", "15")):
        bench.expect(f"a reader is found by {what}", 0, "ATR " + ATR_T0.hex().upper(),
                     run=bench.send(SELECT, reader=text))
    bench.expect("a part that several have names them", 2, "fits several readers: .*G 00 01.*H 00 01",
                 run=bench.send(SELECT, reader="00 01"))
    bench.expect("a name that is not there names those that are", 2, "no reader is called 'ACS'; there is '",
                 run=bench.send(SELECT, reader="ACS"))
    bench.expect("an index that is not there is no part of a name either", 2, "no reader is called '77'",
                 run=bench.send(SELECT, reader="77"))


sixteen_readers.readers = 16  # pcscd has no more


def hot_plug(bench):
    watch = bench.start("readers", "--watch")
    lines = []

    def sees(words):
        lines.append(watch.stdout.readline().strip())
        bench.check(f"--watch says: {words}", words in lines[-1], lines)

    while "00 01" not in watch.stdout.readline():
        pass
    card = bench.insert()
    sees("Virtual PCD 00 00: card inserted, ATR " + ATR_T1.hex().upper())
    bench.remove(card)
    sees("Virtual PCD 00 00: card removed")
    card = bench.insert(mute=True)
    sees("Virtual PCD 00 00: card inserted")
    bench.remove(card)
    sees("Virtual PCD 00 00: card removed")
    bench.insert(1)
    sees("Virtual PCD 00 01: card inserted")
    process, _ = bench.other("hold", "Virtual PCD 00 01")
    sees("Virtual PCD 00 01: state changed, card, held by another program")
    process.stdin.close()
    sees("Virtual PCD 00 01: state changed, card")
    watch.send_signal(2)
    bench.check("Ctrl-C ends --watch", watch.wait(timeout=10) in (-2, 130), watch.returncode)
    watch = bench.start("readers", "--watch", "--json")
    first = json.loads(watch.stdout.readline())
    watch.stdout.close()
    bench.check("--watch ends when nobody reads it", watch.wait(timeout=30) == 0, watch.returncode)
    bench.check("--watch --json begins with the readers that are there", first["change"] == "reader added", first)


def protocols(bench):
    card = bench.insert(atr=ATR_T0)
    bench.expect("a card with T=0 answers", 0, "9000 success", run=bench.send(
        SELECT, "00840000", "80F2400002" + "4F00" + "00", "00A4040008A000000151000000"))
    bench.check("over T=0, P3 is there and Le is not", [c.hex() for c in card.commands] == [
        "00a4040000", "0084000000", "80f24000024f00", "00a4040008a000000151000000"], card.commands)
    bench.remove(card)
    card = bench.insert(atr=ATR_T1)
    bench.run(*bench.send("80F2400002" + "4F00" + "00"))
    bench.check("over T=1, commands go as they are", card.commands[-1].hex() == "80f24000024f0000", card.commands)


def answers_in_parts(bench):
    parts = {0xA4: "6103", 0xC0: "0102039000", 0xCA: "6C02"}

    def answer(_card, apdu):
        if apdu[1] == 0xCA and apdu[-1] == 2:
            return bytes.fromhex("CAFE9000")
        return bytes.fromhex(parts[apdu[1]])

    for protocol, atr in (("T=0", ATR_T0), ("T=1", ATR_T1)):
        card = bench.insert(atr=atr, answer=answer)
        bench.expect(f"61xx and 6Cxx are followed over {protocol}", 0, "< 010203", "< CAFE",
                     run=bench.send(SELECT, "80CA9F7F00"))
        bench.check(f"and what is sent for them over {protocol} is what the card asked for",
                    [c.hex() for c in card.commands] == ["00a4040000", "00c0000003", "80ca9f7f00", "80ca9f7f02"],
                    card.commands)
        bench.remove(card)


def lengths(bench):
    card = bench.insert(atr=ATR_EXTENDED)
    bench.run(*bench.send(LONG))
    bench.check("a card that names extended fields in its ATR gets an extended APDU",
                [len(c) for c in card.commands] == [7 + 300], card.commands)
    bench.remove(card)
    card = bench.insert(atr=ATR_T1, answer=lambda _card, apdu: bytes.fromhex("9000"))
    bench.run(*bench.send(LONG))
    bench.check("any other gets two that are chained", [(c[0], len(c)) for c in card.commands] ==
                [(0x90, 5 + 255), (0x80, 5 + 45)], card.commands)


def slow(bench):
    def answer(card, apdu):
        time.sleep(4)
        return respond(card, apdu)

    bench.insert(answer=answer)
    bench.expect("a card that takes seconds for an answer gets them", 0, "9000 success", run=bench.send(SELECT))


def power(bench):
    card = bench.insert()
    bench.run(*bench.send(SELECT))
    bench.check("the card was reset for the run", card.resets >= 2, card.resets)
    bench.wait(lambda: not card.powered, "the card loses its power when the program is gone")
    bench.check("and has no power after it", not card.powered)
    bench.expect("card info works on a card in a reader", 0, "pcsc:Virtual PCD 00 00",
                 run=("card", "info", "--card", "pcsc:0"))
    bench.expect("no part of a name is needed where one reader fits", 0, "9000 success",
                 run=bench.send(SELECT, reader="00 00"))


STORIES = [sixteen_readers, hot_plug, protocols, answers_in_parts, lengths, slow, power]

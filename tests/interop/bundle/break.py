#!/usr/bin/env python3
"""Bundles that somebody changed. `break.py HOW BUNDLE OUT [OTHER]` writes one; `break.py --flips BUNDLE FOLDER` writes one
with a flipped bit for each part of each member."""

import io
import json
import os
import sys
import tarfile

BLOCK = 512


def members(data):
    """(name, content) of each, as Python's tarfile sees them."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [(info.name, tar.extractfile(info).read()) for info in tar]


def header(name, size, kind=b"0"):
    head = bytearray(BLOCK)
    for at, text in (
        (0, name.encode()),
        (100, b"0000644"),
        (108, b"0000000"),
        (116, b"0000000"),
        (124, b"%011o" % size),
        (136, b"02263523000"),
        (148, b" " * 8),
        (156, kind),
        (257, b"ustar\x0000"),
        (329, b"0000000"),
        (337, b"0000000"),
    ):
        head[at : at + len(text)] = text
    head[148:156] = b"%06o\x00 " % sum(head)
    return bytes(head)


def tar(files):
    out = b""
    for name, content in files:
        out += header(name, len(content)) + content + bytes(-len(content) % BLOCK)
    return out + bytes(2 * BLOCK)


def manifest_with(files, change):
    said = json.loads(files[0][1])
    change(said)
    return [(files[0][0], (json.dumps(said, indent=1) + "\n").encode())] + files[1:]


def first_script(files):
    return next(i for i, (name, _) in enumerate(files) if name.startswith("scripts/"))


def broken(how, data, other):
    files = members(data)
    at = first_script(files)
    name, text = files[at]
    match how:
        case "same":
            return tar(files)
        case "truncated":
            return data[: len(data) // 2 // BLOCK * BLOCK]
        case "cut":
            return data[:-100]
        case "longer":
            return data + bytes(BLOCK)
        case "empty":
            return b""
        case "no-tar":
            return b"PK\x03\x04" + bytes(5000)
        case "nothing":
            return bytes(2 * BLOCK)
        case "unknown":
            return tar(files + [("scripts/zzz/readme.txt", b"hello")])
        case "outside":
            return tar(files + [("../../etc/passwd.lua", b"return 1")])
        case "absolute":
            return tar(files + [("/etc/passwd.lua", b"return 1")])
        case "dots":
            return tar(files[:at] + [("scripts/../x.lua", b"return 1")] + files[at:])
        case "twice":
            return tar(files[: at + 1] + files[at:])
        case "order":
            return tar(files[:at] + [files[at + 1], files[at]] + files[at + 2 :])
        case "more":
            return tar(files + [("stdlib/zzz.lua", b"return 1")])
        case "fewer":
            return tar(files[:at] + files[at + 1 :])
        case "no-manifest":
            return tar(files[1:])
        case "manifest-last":
            return tar(files[1:] + files[:1])
        case "huge-size":
            return tar(files)[:-1024] + header("stdlib/zzz.lua", 8**11 - 1) + bytes(2 * BLOCK)
        case "negative-size":
            return tar(files)[:-1024] + header("stdlib/zzz.lua", 0).replace(b"00000000000", b"-0000000001", 1) + bytes(1024)
        case "many":
            return tar([(f"scripts/a/f{i:05}.lua", b"") for i in range(5000)])
        case "link":
            return tar(files)[:-1024] + header("stdlib/zzz.lua", 0, b"2") + bytes(2 * BLOCK)
        case "no-text":
            return tar(files[:at] + [(name, b"return '\xff'")] + files[at + 1 :])
        case "other-text":
            return tar(files[:at] + [(name, text + b"-- more\n")] + files[at + 1 :])
        case "api":
            return tar(manifest_with(files, lambda it: it.update(api=7)))
        case "form":
            return tar(manifest_with(files, lambda it: it.update(bundle=2)))
        case "hash":
            return tar(manifest_with(files, lambda it: it.update(hash="0" * 64)))
        case "extra":
            return tar(manifest_with(files, lambda it: it.update(more=1)))
        case "lies":
            return tar(manifest_with(files, lambda it: it["files"][0].update(sha256="0" * 64)))
        case "no-files":
            return tar(manifest_with(files, lambda it: it.update(files=[])))
        case "deep":
            return tar([(files[0][0], b"[" * 100000)] + files[1:])
        case "no-json":
            return tar([(files[0][0], b"{")] + files[1:])
        case "only-signature":
            return tar([it for it in files if it[0] != "certificates.pem"])
        case "only-certificates":
            return tar([it for it in files if it[0] != "manifest.sig"])
        case "other-signature":
            of = dict(members(other))
            return tar([(n, of[n] if n in ("manifest.sig", "certificates.pem") else c) for n, c in files])
        case "no-signature":
            return tar([(n, b"" if n == "manifest.sig" else c) for n, c in files])
        case "no-certificates":
            return tar([(n, b"" if n == "certificates.pem" else c) for n, c in files])
        case "talk":
            return tar([(n, b"# ours\n" + c if n == "certificates.pem" else c) for n, c in files])
        case "too-many":
            return tar([(n, c * 6 if n == "certificates.pem" else c) for n, c in files])
    sys.exit(f"break.py: no way '{how}' to break a bundle")


def flips(data, folder):
    """One bit of each field of each header, of the beginning, the middle and the end of each content and its padding."""
    places, at = set(), 0
    for _, content in members(data):
        places.update(at + field for field in (0, 50, 100, 108, 116, 130, 140, 150, 156, 157, 200, 257, 263, 265, 297, 330, 340, 345, 511))
        size = len(content)
        if size:
            places.update(at + BLOCK + i for i in (0, size // 2, size - 1))
        if size % BLOCK:
            places.add(at + BLOCK + size)
        at += BLOCK + size + -size % BLOCK
    places.update((at, at + BLOCK, len(data) - 1))
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        with open(os.path.join(folder, f"{place}.bundle"), "wb") as out:
            out.write(changed)


def main():
    if sys.argv[1] == "--flips":
        with open(sys.argv[2], "rb") as bundle:
            flips(bundle.read(), sys.argv[3])
        return
    how, bundle, out, *other = sys.argv[1:]
    with open(bundle, "rb") as file:
        data = file.read()
    of = b""
    if other:
        with open(other[0], "rb") as file:
            of = file.read()
    with open(out, "wb") as file:
        file.write(broken(how, data, of))


main()

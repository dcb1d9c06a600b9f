"""Every way in which a secret might be written down, and a search for all of them."""

import base64

WINDOW = 8  # so many bytes in a row count as showing a longer secret
STRIDE = 4  # pieces begin this far apart, so that any 11 bytes in a row hold one


def writings(secret):
    """(name, bytes) of each writing of the secret, or of a piece of it where chance cannot give the same."""
    pieces = [secret[i:i + WINDOW] for i in range(0, max(1, len(secret) - WINDOW + 1), STRIDE)]
    for piece in pieces:
        for name, text in spellings(piece):
            yield name, text
            yield f"{name}, UTF-16LE", text.decode("latin-1").encode("utf-16-le")
            yield f"{name}, UTF-16BE", text.decode("latin-1").encode("utf-16-be")
    # Base64 has three alignments; the middle of each is the same whatever surrounds the secret.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret)[4:-4]
        yield "base64", encoded
        yield "base64url", encoded.replace(b"+", b"-").replace(b"/", b"_")
    yield "base32", base64.b32encode(secret)[:-8]


def spellings(piece):
    digits = [f"{byte:02x}" for byte in piece]
    numbers = [str(byte) for byte in piece]
    yield "raw", piece
    yield "raw, backwards", piece[::-1]
    yield "as Latin-1 in UTF-8", piece.decode("latin-1").encode()
    for name, joint in (("hex", ""), ("hex with spaces", " "), ("hex with colons", ":"), ("hex with dashes", "-"),
                        ("hex with commas", ", "), ("hex as in C", ", 0x"), ("hex escapes", "\\x"), ("percent", "%")):
        text = joint.join(digits)
        yield name, text.encode()
        yield f"{name}, upper case", joint.join(digit.upper() for digit in digits).encode()
    yield "hex, backwards", "".join(reversed(digits)).encode()
    yield "hex, backwards, upper case", "".join(reversed(digits)).upper().encode()
    for joint in (" ", ",", ", ", "\\"):
        yield "decimal", joint.join(numbers).encode()
    yield "decimal escapes", "".join(f"\\{byte:03}" for byte in piece).encode()
    yield "octal escapes", "".join(f"\\{byte:03o}" for byte in piece).encode()
    yield "binary", "".join(f"{byte:08b}" for byte in piece).encode()


class Search:
    """Looks for many secrets, each of which has a name; in all writings, or in those named."""

    def __init__(self, secrets, only=None):
        self.patterns = [(owner, how, text) for owner, secret in secrets.items()
                         for how, text in set(writings(secret)) if len(text) >= 6 and (only is None or how in only)]

    def finds(self, content):
        """'NAME (writing)' of each secret that `content` shows."""
        return sorted({f"{owner} ({how})" for owner, how, text in self.patterns if text in content})

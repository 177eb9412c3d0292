"""Which encoding the bytes are in: byte-order mark, strict UTF-8, then a vote on French letters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from analytics.errors import ReadError

#: Single-byte encodings French software writes, most likely first (the first wins a tie).
CANDIDATES = ("cp1252", "iso-8859-15", "mac_roman", "cp850")
_LETTERS = "àâäçéèêëîïôöùûüÿœæ"
_CAPITALS = "ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆ"
_SIGNS = "€’‘“”«»–—…°²³·\u00a0"
_SAMPLE = 200_000
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class Decoded:
    """Text of a file.

    Attributes
    ----------
    text : str
        The characters, without byte-order mark.
    encoding : str
        Python name of the encoding, or "utf-8+cp1252" when both are in the file.
    doubtful : tuple of int
        Lines that were not in the encoding of the others.
    """

    text: str
    encoding: str
    doubtful: tuple[int, ...] = ()


def decode(data: bytes) -> Decoded:
    """Decode the bytes of a text file.

    Raises
    ------
    ReadError
        Binary content, or a Unicode file cut in the middle of a character.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _checked(_strict(data, encoding))
    wide = _utf16_without_mark(data[:4096])
    if wide:
        return _checked(_strict(data, wide))
    try:
        return _checked(Decoded(data.decode("utf-8"), "utf-8"))
    except UnicodeDecodeError:
        return _checked(_single_byte(data))


def _strict(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding), encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ReadError(
            f"Le fichier annonce l’encodage {encoding} mais ne le respecte pas.",
            ligne=line,
            remede="Exportez-le de nouveau en UTF-8.",
        ) from error


def _utf16_without_mark(head: bytes) -> str:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half < 2:
        return ""
    if odd > 0.8 * half and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > 0.8 * half and odd == 0 else ""


def _checked(decoded: Decoded) -> Decoded:
    # NUL is looked for everywhere (a fast scan); the other control characters show in the first megabyte.
    at = re.search(r"[\x00-\x08\x0e-\x1b]", decoded.text[: 1 << 20])
    if at is None and "\x00" not in decoded.text:
        return decoded
    at = at or re.search("\x00", decoded.text)
    raise ReadError(
        "Ce n’est pas un fichier texte : il contient des octets binaires.",
        ligne=decoded.text.count("\n", 0, at.start() if at else 0) + 1,
        remede="Déposez un fichier CSV (texte avec séparateurs).",
    )


def _single_byte(data: bytes) -> Decoded:
    lines = data.split(b"\n")
    high = [(i, line) for i, line in enumerate(lines) if not line.isascii()]
    utf8 = {i for i, line in high if _is_utf8(line)}
    if utf8:
        others = [i for i, _ in high if i not in utf8]
        text = "\n".join(line.decode("utf-8") if _is_utf8(line) else _lenient(line) for line in lines)
        return Decoded(text, "utf-8+cp1252", tuple(i + 1 for i in others))
    encoding = _vote(b"\n".join(line for _, line in high)[:_SAMPLE])
    try:
        return Decoded(data.decode(encoding), encoding)
    except UnicodeDecodeError:
        return Decoded(data.decode("iso-8859-15"), "iso-8859-15")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _lenient(line: bytes) -> str:
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:
        return line.decode("iso-8859-15")


def _vote(sample: bytes) -> str:
    scores = {encoding: _score(sample, encoding) for encoding in CANDIDATES}
    return max(CANDIDATES, key=lambda encoding: scores[encoding])


def _score(sample: bytes, encoding: str) -> float:
    """How French the text looks: accents inside lower-case words, no capital in the middle of one, no odd sign."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return float("-inf")
    total = 0.0
    for match in re.finditer(r"(.?)([^\x00-\x7f])(?=(.?))", text, flags=re.DOTALL):
        total += _merit(*match.groups())
    return total


def _merit(before: str, char: str, after: str) -> float:
    if char in _LETTERS:
        if before.islower() or after.islower():
            return 2.0
        return 0.5 if char == "à" and not before.strip() and not after.strip() else -1.0
    if char in _CAPITALS:
        if before.islower():
            return -2.0
        return 1.0 if after.isalpha() or before.isupper() else -1.0
    if char in _SIGNS:
        return 1.5 if char == "€" and not before.isalpha() else 0.5
    return -3.0

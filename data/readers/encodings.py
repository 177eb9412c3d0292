"""Which encoding the bytes are in: byte-order mark, strict UTF-8, then a vote on French letters."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from analytics.errors import ReadError
from data.readers.french_bytes import byte_triples, likelihood, may_hold_utf8, vote

#: What two encodings in one file must gain to be believed.
_MIXTURE = 6.0
_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")
_TRIPLE = re.compile(r"(?s)(?=(.)([^\x00-\x7f])(.))")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class Decoded:
    """Text of a file.

    Attributes
    ----------
    text : str
        The characters, without byte-order mark.
    encoding : str
        Python name of the encoding, or "utf-8+cp1252" (or another) when two are in the file.
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
    triples = byte_triples(data)
    encoding, score = vote(triples)
    mixed = _mixed(data, score) if may_hold_utf8(triples) else None
    return mixed or Decoded(data.decode(encoding), encoding)


def _mixed(data: bytes, score: float) -> Decoded | None:
    """The text when some characters are in UTF-8 and others not, if that is likelier than a single encoding."""
    lines = data.split(b"\n")
    texts = [_utf8(line) for line in lines]
    others = [i for i, text in enumerate(texts) if text is None]
    # What is left once the characters of UTF-8 are taken out says what the other encoding is.
    rest, _ = vote(byte_triples(_SEQUENCE.sub(b"e", b"\n".join(lines[i] for i in others))))
    for i in others:
        texts[i] = _patched(lines[i], rest)
    if _likely("\n".join(text for text in texts if not text.isascii())) < score + _MIXTURE:
        return None
    return Decoded("\n".join(texts), f"utf-8+{rest}", tuple(i + 1 for i in others))


def _patched(line: bytes, rest: str) -> str:
    """A line whose bytes are those of UTF-8 where that is the likeliest, those of the other encoding elsewhere."""
    text, at = "", 0
    for found in _SEQUENCE.finditer(line):
        text += line[at : found.start()].decode(rest)
        at = found.end()
        around = text[-1:], line[at : at + 1].decode(rest, "replace")
        readings = [found[0].decode(encoding, "replace") for encoding in ("utf-8", rest)]
        text += max(readings, key=lambda reading: _likely(reading.join(around)))
    return text + line[at:].decode(rest)


def _likely(text: str) -> float:
    """Logarithm of the likelihood of a text as French."""
    found = Counter(match.groups() for match in _TRIPLE.finditer(f"\n{text}\n"))
    return likelihood((*triple, count) for triple, count in found.items())


def _utf8(line: bytes) -> str | None:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None

"""Numbers and addresses that name one person: NIR, NIA, IBAN, RIB, e-mail, postal address.

Each recogniser takes distinct values and returns the share that it recognises, 0 when the column as a whole is
something else. A structure alone proves little (60 % of random 13-digit numbers look like a NIR): keys where there is
one, distributions where there is none.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from stdnum import ean
from stdnum import iban as iban_number

from data.personal.texts import SOME, compact, enough, matches, sample

EMAIL = r"[^@\s;,<>]+@[^@\s;,<>]+\.[A-Za-z]{2,}"
# Month: 01 to 12, or the codes given when the month of birth is unknown. Département: 01 to 99, 2A, 2B.
NIR = r"[1-478]\d{2}(?:0[1-9]|1[0-2]|[2-9]\d)(?:0[1-9]|[1-9]\d|2[AB])\d{6}"
_NIR_STRICT = r"[12]\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[1-8]\d|9[0-57-9]|2[AB])\d{6}"
_WAYS = (
    r"rue|avenue|ave|av|boulevard|boul|bd|bld|blvd|chemin|chem|che|impasse|imp|allees?|all|place|pl|route|rte"
    r"|lieu[ -]?dit|lotissement|lot|residence|res|quai|square|sq|cours|passage|pass|hameau|ham|sentier|voie"
    r"|faubourg|fbg|montee|villa|cite|venelle|ruelle|esplanade|promenade|traverse|rond[ -]point"
)
ADDRESS = rf"\b\d{{1,4}}(?: ?(?:bis|ter|quater|[a-d]))?,? (?:{_WAYS})\b\.? \S"
#: The groups in which a social security number is read aloud: nothing else is written so, whatever its key.
_READ_ALOUD = (
    r"^[1-478][ .\-]\d{2}[ .\-]\d{2}[ .\-](?:\d{2}|2[ABab])[ .\-]\d{3}[ .\-]\d{3}(?:[ .\-]+\(?\d{2}\)?)?$"
)
#: A number with its key inside a longer text, cut off from other letters and digits.
_INSIDE = rf"(?:^|[^0-9A-Za-z])(?P<nir>{NIR}\d{{2}})(?:[^0-9A-Za-z]|$)"
#: A number without its key inside a longer text, and a telephone in pairs of digits.
_ALOUD_INSIDE = rf"(?:^|[^0-9A-Za-z]){_READ_ALOUD[1:-1]}(?:[^0-9A-Za-z]|$)"
_BARE_INSIDE = rf"(?:^|[^0-9A-Za-z]){_NIR_STRICT}(?:[^0-9A-Za-z]|$)"
_TELEPHONE = r"(?:^|[^0-9])(?:0|\+33[ .\-]?)[1-9](?:[ .\-]\d{2}){4}(?:[^0-9]|$)"
#: Letters of an account number, as digits, for the key of a RIB.
_RIB_LETTERS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")


def certain_identifiers(values: pa.Array) -> np.ndarray:
    """Which values name a person beyond doubt, one by one.

    An e-mail, a NIR with its key or in its groups, an IBAN with its key; inside a sentence, a NIR without key too and a
    telephone: in a column of codes they could be something else, among words they are not.
    """
    texts = compact(values)
    found = matches(values, EMAIL) | _with_valid_key(texts) | _with_valid_key_inside(values)
    found |= matches(values, _ALOUD_INSIDE) | matches(values, _TELEPHONE)
    found |= matches(values, _BARE_INSIDE) & matches(values, r"\p{L}{2,}|\s\S")
    shaped = matches(texts, r"^[A-Z]{2}\d{2}[A-Z0-9]{10,30}$")
    if shaped.any():
        found[shaped] |= [iban_number.is_valid(text) for text in texts.filter(pa.array(shaped)).to_pylist()]
    return found


def email_share(values: pa.Array) -> float:
    """Share of values that hold an electronic address."""
    return enough(matches(values, EMAIL), SOME)


def iban_share(values: pa.Array) -> float:
    """Share of bank accounts: valid IBAN or RIB, or what has at least the exact structure of a French IBAN."""
    texts = compact(values)
    domestic = matches(texts, r"^\d{10}[A-Z0-9]{11}\d{2}$")
    if domestic.mean() >= 0.5:
        looked = sample(texts.filter(pa.array(domestic)), 1000)
        right = float(np.mean([_is_rib(text) for text in looked]))
        return float(domestic.mean()) if right >= 0.5 else 0.0
    shaped = matches(texts, r"^[A-Z]{2}\d{2}[A-Z0-9]{10,30}$")
    if not shaped.any():
        return 0.0
    french = matches(texts, r"^FR\d{12}[A-Z0-9]{11}\d{2}$")
    looked = sample(texts.filter(pa.array(shaped)), 1000)
    valid = shaped.mean() * np.mean([iban_number.is_valid(text) for text in looked])
    return max(float(valid) if valid >= SOME else 0.0, enough(french, 0.8))


def _is_rib(text: str) -> bool:
    """Whether the key of an account number of 23 characters is right: 97 − (89 b + 15 g + 3 c) mod 97."""
    digits = text.translate(_RIB_LETTERS)
    return (89 * int(digits[:5]) + 15 * int(digits[5:10]) + 3 * int(digits[10:21]) + int(digits[21:])) % 97 == 0


def nir_share(values: pa.Array) -> tuple[str, float]:
    """("nir" or "nia", share of social security numbers), with key or without; ("", 0) for something else."""
    texts = compact(values)
    medicine = matches(texts, r"^3400[89]\d{8}$")  # CIP 13 and UCD 13 look like numbers of the sex 3
    keyed = _with_valid_key(texts) | _with_valid_key_inside(values)
    share = enough(keyed, SOME, least=3)
    known = keyed | matches(values, _READ_ALOUD)
    if known.sum() < 0.8 * len(known):
        known = keyed
    bare = _without_key(texts, 13) | _without_key(texts, 15)
    known = (known | bare) & ~medicine
    if (not share and known.sum() < 0.2 * len(known)) or known.sum() < 2:
        return "", 0.0
    first = pc.utf8_slice_codeunits(texts.filter(pa.array(known)), 0, 1)
    waiting = pc.is_in(first, value_set=pa.array(["3", "4"])).to_numpy(zero_copy_only=False)
    return ("nia" if waiting.mean() > 0.5 else "nir"), float(known.mean())


def _with_valid_key(texts: pa.Array) -> np.ndarray:
    """Which texts are 15-character numbers whose key is right: 97 − number mod 97, Corsica counted as 19 and 18."""
    found = matches(texts, rf"^{NIR}\d{{2}}$")
    shaped = texts.filter(pa.array(found))
    if len(shaped) == 0:
        return found
    for corsica, digits in (("2A", "19"), ("2B", "18")):
        shaped = pc.replace_substring_regex(shaped, rf"^(.{{5}}){corsica}", rf"\1{digits}")
    numbers = pc.cast(shaped, pa.int64()).to_numpy()
    found[found] = 97 - (numbers // 100) % 97 == numbers % 100
    return found


def _with_valid_key_inside(values: pa.Array) -> np.ndarray:
    """Which values hold a number with its key among other things: « 184…46_19841203_1 »."""
    found = matches(values, _INSIDE.replace("?P<nir>", ""))
    if found.any():
        numbers = pc.struct_field(pc.extract_regex(values.filter(pa.array(found)), _INSIDE), "nir")
        found[found] = _with_valid_key(pc.utf8_upper(numbers))
    return found


def _without_key(texts: pa.Array, length: int) -> np.ndarray:
    """Which texts are numbers without key (13) or with a wrong one (15); none when they are not spread as births."""
    nothing = np.zeros(len(texts), dtype=bool)
    long = pc.equal(pc.utf8_length(texts), length).to_numpy(zero_copy_only=False)
    key = "" if length == 13 else r"\d{2}"
    strict = matches(texts, rf"^{_NIR_STRICT}{key}$")
    strict[strict] = ~matches(texts.filter(pa.array(strict)), r"^.{7}000|^.{10}000")
    waiting = matches(texts, rf"^[3478]{NIR[8:]}{key}$")
    if long.sum() < 2 or strict.sum() + waiting.sum() < 0.85 * long.sum() or long.mean() < 0.2:
        return nothing
    usual = strict.sum() >= waiting.sum()
    kept = texts.filter(pa.array(strict if usual else waiting))
    # A few numbers of 13 digits are believed: hiding a reference costs less than keeping a person.
    born = _born_at_random(kept, doubt=30 if usual and length == 13 else 2)
    return (strict | waiting) if born and not _are_articles(kept) else nothing


def _born_at_random(texts: pa.Array, doubt: int) -> bool:
    """Whether years, months and places of birth vary as among people; fewer than `doubt` values are believed."""
    n = len(texts)
    if n < doubt:
        return True
    years, months, places = (
        len(pc.unique(pc.utf8_slice_codeunits(texts, *cut))) for cut in ((1, 3), (3, 5), (5, 10))
    )
    return years >= min(15, n // 4) and months >= min(8, n // 5) and places >= min(20, n // 10)


def _are_articles(texts: pa.Array) -> bool:
    """Whether nearly all 13-digit numbers carry the key of an article (EAN), which one NIR in ten does by chance."""
    looked = sample(texts, 300)
    return len(looked) >= 10 and float(np.mean([ean.is_valid(text) for text in looked])) > 0.9


def address_share(values: pa.Array) -> float:
    """Share of postal addresses: a number, a kind of way, a name."""
    plain = pc.utf8_lower(pc.replace_substring_regex(pc.utf8_normalize(values, form="NFKD"), r"\p{Mn}", ""))
    return enough(matches(plain, ADDRESS), 0.3, least=3)

"""Personal data: found by column, hidden in messages, dropped or replaced by pseudonyms before anything is written."""

from data.personal.detect import ACTIONS, Personal, detect, personal_content
from data.personal.hide import masked, outline
from data.personal.identifiers import certain_identifiers
from data.personal.pseudonyms import pseudonyms
from data.personal.quasi import QuasiIdentifiers, quasi_identifiers
from data.personal.secret import key_path, load_key
from data.personal.titles import KINDS

__all__ = [
    "ACTIONS",
    "KINDS",
    "Personal",
    "QuasiIdentifiers",
    "certain_identifiers",
    "detect",
    "key_path",
    "load_key",
    "masked",
    "outline",
    "personal_content",
    "pseudonyms",
    "quasi_identifiers",
]

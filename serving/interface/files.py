"""What files of the command centre are read and written with: plain files whole, clean texts, words, faults."""

from hospital.arrays import Array
from hospital.contracts.text_cleaning import cleaned, is_said
from hospital.dataset.quantiles import LEVELS
from hospital.errors import Fault, VigieError
from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.messages import message
from hospital.words.plain_text import one_line
from registry.digests import canonical_json, read_plain_file, sha256_bytes, write_atomically

__all__ = [
    "LEVELS",
    "Array",
    "Fault",
    "Language",
    "VigieError",
    "canonical_json",
    "cleaned",
    "is_said",
    "message",
    "one_line",
    "read_plain_file",
    "sha256_bytes",
    "text",
    "write_atomically",
]

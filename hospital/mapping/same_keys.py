"""Keys of a mapping that are one key to whoever reads the cells: of two such lines one would be lost without a word."""

from collections.abc import Callable, Mapping

from hospital.contracts.codes import whole_code
from hospital.contracts.fault_words import fault
from hospital.contracts.text_cleaning import clean_name, clean_text, cleaned
from hospital.errors import Fault

__all__ = ["same_keys"]

_CODES, _COLUMNS = "codes", "where"


def same_keys(value: object, path: str = "") -> list[Fault]:
    """A fault for each key that stands twice in its table, but for blanks, invisible signs or how an accent is written.

    Under ``codes`` a whole number is its code, however many zeros follow its decimal sign: 3 and 3.0 with two meanings
    are such keys, too; with one meaning they are not.

    Args:
        value: a mapping file's content as TOML has it, not cleaned yet, or a part of it at `path`.
    """
    if isinstance(value, list):
        return [found for n, one in enumerate(value) for found in same_keys(one, f"{path}.{n}")]
    if not isinstance(value, dict):
        return []
    name = path.rpartition(".")[2]
    out = [
        fault(f"{path}.{key}" if path else key, "same_key", keys=tuple(f'"{k}"' for k in keys))
        for key, keys in _groups(value, clean_name if name == _COLUMNS else clean_text).items()
        if len(keys) > 1
    ]
    if name == _CODES and not out:
        out = [
            fault(f"{path}.{code}", "same_key", keys=tuple(f'"{k}"' for k in keys))
            for code, keys in _groups(value, lambda key: whole_code(clean_text(key))).items()
            if len({str(cleaned(value[k])) for k in keys}) > 1
        ]
    for key, one in value.items():
        out += same_keys(one, f"{path}.{clean_text(key)}" if path else clean_text(key))
    return out


def _groups(keys: Mapping[str, object], same: Callable[[str], str]) -> dict[str, list[str]]:
    """The keys by what they are to whoever reads the cells."""
    out: dict[str, list[str]] = {}
    for key in keys:
        out.setdefault(same(key), []).append(key)
    return out

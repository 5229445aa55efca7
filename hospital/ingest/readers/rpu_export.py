"""An RPU export (résumé de passage aux urgences, XML) to raw cells: a row a passage.

The form is that of the arrêté of 24 July 2013 and of the national collection OSCOUR: `OSCOUR` holds
`ETABLISSEMENT` (FINESS, EXTRACT …) and `PASSAGES`, with a `PATIENT` for each passage. What a hospital adds of its
own, as the time of first medical contact, is an element beside the others.
"""

import io
from typing import Any
from xml.etree.ElementTree import ParseError

import pandas as pd

from hospital.contracts.fault_words import fault
from hospital.errors import ContractError

__all__ = ["read_rpu"]

_ROW, _SITE = "PATIENT", "ETABLISSEMENT"


def read_rpu(name: str, content: bytes) -> pd.DataFrame:
    """Texts (empty ones missing) of every element of each passage, with those of its hospital beside them.

    Lists (associated diagnoses, acts) are not read: they are set after the examination.

    Raises:
        ContractError: no whole XML, XML that declares entities of its own, or another document than an RPU.
    """
    # Loaded by who reads such a file alone: the service never does.
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    rows: list[dict[str, str | None]] = []
    site: dict[str, str | None] = {}
    try:
        for _, element in iterparse(io.BytesIO(content), forbid_dtd=True):
            tag = _tag(element)
            if tag == _SITE:
                site = _texts(element)
            elif tag == _ROW:
                rows.append({**site, **_texts(element)})
            if tag in (_SITE, _ROW):
                element.clear()
    except DefusedXmlException:
        raise _fault(name, "unsafe_xml") from None
    except (ParseError, ValueError, LookupError):
        raise _fault(name, "not_xml") from None
    if not rows:
        raise _fault(name, "no_rows/passages", element=_ROW)
    return pd.DataFrame(rows, dtype=object).astype(object).where(lambda f: f.notna(), None)


def _texts(element: Any) -> dict[str, str | None]:
    """The simple elements within; of one that comes twice the first."""
    out: dict[str, str | None] = {}
    for child in element:
        if len(child) == 0:
            out.setdefault(_tag(child), (child.text or "").strip() or None)
    return out


def _tag(element: Any) -> str:
    """The name without a namespace."""
    return str(element.tag).rpartition("}")[2]


def _fault(path: str, case: str, **places: object) -> ContractError:
    return ContractError((fault(path, case, **places),))

"""A first mapping of an unknown file, to be finished by a person: `vigie data map FILE`.

The names of columns are read in French and English, and the form of their values. No value is shown but the
codes of columns matched as codes (triage, sex, mode of arrival …), and of those no rare one.
"""

import re
from pathlib import Path

import pandas as pd

from hospital.contracts.cell_values import rounded
from hospital.contracts.fault_words import fault, message_of
from hospital.contracts.tables import TABLES, Kind
from hospital.contracts.time_columns import dates_and_texts
from hospital.drafting.column_matching import BIRTH, SEX, infer_table, match_columns, rivals
from hospital.drafting.layout_detection import layout_lines, read_with_layout
from hospital.drafting.toml_lines import audit_line, column_lines, guessed, inline_time, quoted, todo
from hospital.drafting.type_inference import Seen, looks_like_a_value, see, words_of
from hospital.drafting.ward_columns import Wards, wards_of
from hospital.errors import ContractError
from hospital.ingest.raw_files import stem
from hospital.mapping.mapping_faults import AFTERWARDS

__all__ = ["draft_mapping"]

_MONTH_HOURS = (27 * 24, 32 * 24)
_RPU = frozenset({"entree", "mode_entree", "transport", "gravite"})
"""Names that give away an RPU also where it is no XML."""
_RPU_LATER = frozenset({"mode_entree", "provenance", "transport", "transport_pec", "motif"})
_RPU_ID = ("finess", "entree", "naissance", "sexe", "cp")
_MONTHLY = (
    "This looks like a table of monthly totals, which Vigie refuses: a month's total is the same for many different "
    "courses of its days, so no day can be recovered from it. Ask for what it was made of: a row a day or an hour."
)


def draft_mapping(path: Path) -> str:
    """A mapping file (TOML) for one file of a hospital: what was matched, and ``# TODO`` where a person decides.

    Args:
        path: CSV, CSV.gz, Parquet, .xlsx or an RPU export (.xml).

    Raises:
        ContractError: the file cannot be read, has no line of names, or nothing in it is matched.
    """
    frame, layout, wrong = read_with_layout(path)
    names = [str(name) for name in frame.columns]
    if any(looks_like_a_value(name) for name in names):
        raise ContractError((fault(path.name, "no_header/values"),))
    lost = _changed_columns(path, frame)
    seen = [see(name, frame[name]) for name in frame.columns]
    is_rpu = path.name.lower().endswith(".xml") or {n.casefold() for n in names} >= _RPU
    table, used, part = _matched(path, seen, is_rpu)
    if faults := tuple(one for name, one in wrong.items() if name in used):
        raise ContractError(faults)
    lines = _head(path, seen)
    at = [s for s in seen if s.name in used and s.kind in ("time", "month")]
    if table == "census" and any(_is_monthly(frame[s.name], s) for s in at):
        lines += ["", *todo(_MONTHLY)]
    lines += ["", f"[tables.{table}]", f"file = {quoted(path.name)}"]
    lines += layout_lines(layout, path)
    lines += ["", *part, *lost, *_rest([s for s in seen if s.name not in used], is_rpu)]
    return "\n".join(lines) + "\n"


def _changed_columns(path: Path, frame: pd.DataFrame) -> list[str]:
    """Lines on columns whose numbers lost digits before the file was written.

    Raises:
        ContractError: a column holds real dates and dates as text: a part of them has day and month exchanged.
    """
    mixed = [str(name) for name in frame.columns if dates_and_texts(frame[name]).any()]
    mixed = [name for name in mixed if see(name, frame[name][dates_and_texts(frame[name])]).kind == "time"]
    if mixed:
        raise ContractError(tuple(fault(f"{path.name}.{name}", "mixed_dates") for name in mixed))
    lost = [str(name) for name in frame.columns if rounded(frame[name]).any()]
    return [line for name in lost for line in todo(f"{quoted(name)}: {message_of('rounded_id')}")]


def _matched(path: Path, seen: list[Seen], is_rpu: bool) -> tuple[str, set[str], list[str]]:
    """The contract table, the file's columns that are used, and the lines of its columns."""
    table = "visits" if is_rpu else infer_table(words_of(stem(path.name)), seen)
    wards = None if is_rpu else wards_of(seen)
    if wards is not None and table in (None, "census", "units", "staffing"):
        return ("census", *_wide(wards))
    if table is None:
        raise ContractError((fault(path.name, "no_known_column/draft"),))
    return (table, *_long(table, seen, is_rpu))


def _head(path: Path, seen: list[Seen]) -> list[str]:
    unknown = sorted({text for s in seen for text in s.unknown})
    lines = [
        "# A draft made from the file's names and the form of its values. Finish each TODO, then check it:",
        "# vigie data check FOLDER --mapping THIS_FILE. The language: docs/mappings.md.",
        "",
        "[mapping]",
        f"name = {quoted(stem(path.name))} # TODO what people call this source",
        'zone = "Europe/Paris" # TODO the zone of the times, if it is another',
        'repeated_hour = "refuse" # TODO "first" or "second" of the two hours when the clock goes back, or "in_order"',
        'source = "" # TODO where the file comes from',
        'licence = "" # TODO on which terms',
    ]
    if any(s.comma for s in seen):
        lines += [*todo("numbers are written with a decimal comma, as it seems"), 'decimal = ","']
    for sign in sorted({s.thousands for s in seen if s.thousands is not None}):
        lines.append(
            f'# TODO thousands = "{sign}" # if 1{sign}211 is over a thousand; "none" if it is a little more than one'
        )
    if unknown:
        lines += todo("these stand for nothing, as it seems; take out what is a value")
        lines.append(f"missing = [{', '.join(quoted(text) for text in unknown)}]")
    return lines


def _long(table: str, seen: list[Seen], is_rpu: bool) -> tuple[set[str], list[str]]:
    """A table with a row a thing: the columns used, and the lines."""
    contract = TABLES[table]
    given = [s for s in seen if not (is_rpu and s.name.casefold() in _RPU_LATER | {"destination"})]
    found = match_columns(table, given)
    used = {s.name for s in found.values()}
    lines = [f"[tables.{table}.columns]"]
    for column in contract.columns:
        name = column.name
        if name in found:
            own = column_lines(column, found[name], seen)
            lines += guessed(own, found[name], name, rivals(table, name, found, given))
            hour = inline_time(found[name], seen) if column.kind is Kind.TIME else None
            used |= {hour.name} if hour is not None else set()
        elif is_rpu and name == "visit_id":
            parts = [s.name for part in _RPU_ID for s in seen if s.name.casefold() == part]
            lines += todo(
                "an RPU has no id of the visit: your software's own is better than one put together"
            )
            lines.append(f'visit_id = {{ join = [{", ".join(map(quoted, parts))}], between = "|" }}')
            used |= set(parts)
        elif is_rpu and name == "seen_at":
            lines += todo(
                "an RPU has no time of first medical contact; name the element that your software adds"
            )
            lines.append('# seen_at = { column = "PREMIER_CONTACT", format = "%d/%m/%Y %H:%M" }')
        elif name == "age_years" and (born := _named(BIRTH, seen)) is not None:
            form = f", format = {quoted(born.form)}" if born.form is not None else ""
            age = f"age_years = {{ years_since = {quoted(born.name)}{form} }}"
            lines += guessed([age], born, name, [])
            used.add(born.name)
        elif table == "visits" and name == "triaged_at" and {"arrived_at", "triage"} <= set(found):
            words = "no time of triage was matched: without one no triage is ever known, so that the arrival's is taken"
            arrival = TABLES["visits"].by_name["arrived_at"]
            own = column_lines(arrival, found["arrived_at"], seen)
            lines += [*todo(words), own[-1].replace("arrived_at", "triaged_at", 1)]
        elif column.required and name != "label":
            lines += [*todo("no column was matched; the contract requires it"), f'# {name} = "COLUMN"']
    sex = _named(SEX, seen) if contract.extra == "audit" else None
    if sex is not None:
        lines += ["", "[tables.visits.audit]", *audit_line("sex", sex)]
        used.add(sex.name)
    return used, lines


def _wide(wards: Wards) -> tuple[set[str], list[str]]:
    """A census with a column a ward."""
    when, units, hour = wards
    column = TABLES["census"].by_name["at"]
    time = column_lines(column, when, [hour] if hour is not None else [])
    lines = ["[tables.census.columns]", *guessed(time, when, column.name, [])]
    lines += [
        "",
        "[tables.census.units]",
        *todo("keep the columns that are wards, and give each its ward's name"),
    ]
    for ward, own in units.items():
        pairs = ", ".join(f"{name} = {quoted(s.name)}" for name, s in own.items())
        lines.append(
            f"{quoted(ward)} = {{ {pairs} }} # TODO confirm (likely: a column of numbers beside a time)"
        )
    used = {when.name, *([hour.name] if hour is not None else [])}
    return used | {s.name for own in units.values() for s in own.values()}, lines


def _named(pattern: str, seen: list[Seen]) -> Seen | None:
    return next((s for s in seen if re.search(pattern, s.words)), None)


def _is_monthly(cells: pd.Series, seen: Seen) -> bool:
    """Whether a time has no day, or comes about once a month."""
    if seen.kind == "month":
        return True
    texts = cells.dropna()
    times = pd.to_datetime(texts, format=seen.form or "ISO8601", errors="coerce", utc=True).dropna()
    gaps = times.drop_duplicates().sort_values().diff().dropna()
    if gaps.empty:
        return False
    return _MONTH_HOURS[0] <= gaps.median().total_seconds() / 3600 <= _MONTH_HOURS[1]


def _rest(seen: list[Seen], is_rpu: bool) -> list[str]:
    """Columns that the mapping does not name, and why."""
    later = [s for s in seen if s.name.casefold() in AFTERWARDS]
    untimed = [s for s in seen if is_rpu and s.name.casefold() in _RPU_LATER]
    others = [s for s in seen if s not in later and s not in untimed]
    lines = []
    for words, some in (
        ("Set after the examination, so that no forecast may see them:", later),
        ("An RPU says not when these were entered, and a reason may be free text; left out:", untimed),
        ("Not matched, and not read unless you name them:", others),
    ):
        if some:
            lines += ["", f"# {words}", *(f"#   {quoted(s.name)} ({s.kind})" for s in some)]
    return lines

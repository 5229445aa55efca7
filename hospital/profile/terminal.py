"""A profile in a terminal: what to look at first, then what the tables hold and what they are good for."""

from rich.console import Console
from rich.text import Text

from hospital.profile.facts import Finding, Profile, Weight
from hospital.profile.words import Words
from hospital.words.language import Language
from hospital.words.plain_console import plain_console
from hospital.words.terminal_table import print_table

__all__ = ["print_profile"]


def print_profile(profile: Profile, language: Language, console: Console | None = None) -> None:
    """Prints a profile."""
    console, words = console or plain_console(), Words(language)
    count = sum(f.weight is Weight.LOOK for f in profile.findings)
    title = Text(words.labelled(f"{words.t('title')} – {profile.source}", ""))
    title.append(words.about(count), "green" if profile.clean else "bold yellow")
    console.print(title)
    _print_tables(profile, words, console)
    _print_columns(profile, words, console)
    if profile.units:
        _print_units(profile, words, console)
    _print_models(profile, words, console)
    for finding in profile.findings:
        console.print(_line(finding, words))


def _print_tables(profile: Profile, words: Words, console: Console) -> None:
    heads = [words.t(n) for n in ("table", "rows", "revisions", "from", "to", "gaps")]
    rows = [
        (
            table.name,
            words.number(table.rows),
            words.number(table.revisions),
            words.day(table.first),
            words.day(table.last),
            words.number(len(table.gaps)) if table.first else "–",
        )
        if table.present
        else (table.name, words.t("no_table"))
        for table in profile.tables
    ]
    print_table(console, heads, rows, words.language)


def _print_columns(profile: Profile, words: Words, console: Console) -> None:
    """Columns that are filled nowhere, or not always, with what that costs."""
    labels = {f"{m.model}:{f.name}": f.label(words.language) for m in profile.models for f in m.features}
    heads, rows = [words.t(n) for n in ("column", "missing", "cost_gone")], list[tuple[str, str, str]]()
    for table in profile.tables:
        if not table.present and table.features:
            rows.append((table.name, words.t("no_table"), words.table_cost(table, labels)))
        for column in table.columns if table.present else ():
            if column.missing == 0:
                continue
            gone = words.cost(table, column.name, labels) if column.missing == 1 else ""
            rows.append((f"{table.name}.{column.name}", words.percent(column.missing), gone))
    if rows:
        print_table(console, heads, rows, words.language, texts=(2,))


def _print_units(profile: Profile, words: Words, console: Console) -> None:
    heads = [words.t(n) for n in ("unit", "rows", "from", "to", "days", "gaps", "speaks")]
    rows = [
        (
            unit.unit,
            words.number(unit.rows),
            words.day(unit.first),
            words.day(unit.last),
            words.number(round(unit.days)),
            words.number(len(unit.gaps)),
            words.t("by_baseline" if unit.baseline_only else "by_model"),
        )
        for unit in profile.units
    ]
    print_table(console, heads, rows, words.language, texts=(6,))


def _print_models(profile: Profile, words: Words, console: Console) -> None:
    new = [u.unit for u in profile.units if u.baseline_only]
    for model in profile.models:
        console.print(Text(words.table(model.model), "bold"))
        for sentence in words.model_lines(model, new):
            console.print(f"  {sentence}", highlight=False)
        for horizon in model.horizons if not model.lacks else ():
            verdict = words.t("enough")
            if not horizon.possible:
                verdict = words.lacking_days(horizon.usable_days, horizon.needed_days)
            days = f"{words.number(round(horizon.usable_days))} / {words.number(horizon.needed_days)}"
            line = Text(f"  {words.horizon(horizon.hours):<10} {days:<12} ")
            line.append(verdict, "green" if horizon.possible else "red")
            console.print(line)
        for feature in model.features if not model.lacks else ():
            if not feature.exists:
                label = feature.label(words.language)
                lacks = f"{words.t('lacks')} {words.lacks(feature.lacks)}"
                console.print(f"  – {words.labelled(label, lacks)}", highlight=False)


def _line(finding: Finding, words: Words) -> Text:
    look = finding.weight is Weight.LOOK
    line = Text("→ " if look else "  ")
    line.append(words.where(finding) or words.t("title"), "bold yellow" if look else "dim")
    advice = words.does(finding)
    line.append(
        words.labelled("", f"{words.says(finding)}. {advice}" if advice else f"{words.says(finding)}.")
    )
    return line

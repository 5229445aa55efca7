"""A profile as one page that needs nothing else: no script, no request, no patient."""

from html import escape

from hospital.markup import (
    PAGE_STYLE,
    Cell,
    Column,
    badge,
    bullets,
    facts,
    folded,
    page,
    paragraph,
    section,
    table,
)
from hospital.profile.facts import FLOOR, Finding, ModelProfile, Profile, TableProfile, Weight
from hospital.profile.pictures import horizons_picture, missing_bar, units_picture, weeks_picture
from hospital.profile.words import Words
from hospital.words.language import Language

__all__ = ["render_page"]

_SECTIONS = ("findings", "models", "tables", "units", "columns", "features", "people")


def render_page(profile: Profile, language: Language) -> str:
    """The page of a profile."""
    words = Words(language)
    parts = (
        _findings(profile, words),
        _models(profile, words),
        _tables(profile, words),
        _units(profile, words),
        _columns(profile, words),
        _features(profile, words),
        _people(profile, words),
    )
    body = "".join(parts)
    links = "".join(
        f'<a href="#{name}">{escape(words.t(name))}</a> ' for name in _SECTIONS if f'id="{name}"' in body
    )
    head = f"<h1>{escape(words.t('title'))}</h1>{paragraph(profile.source, 'soft')}{_verdict(profile, words)}"
    footer = words.t(
        "footer",
        source=profile.source,
        digest=profile.source_digest[:19] + "…",
        zone=profile.zone,
        now=words.day(profile.now[:10]),
    )
    return page(
        language=language,
        title=f"{words.t('title')} – {profile.source}",
        style=PAGE_STYLE,
        body=f'{head}<nav aria-label="{escape(words.t("contents"))}">{links}</nav>{body}'
        f"<footer>{paragraph(footer)}</footer>",
    )


def _verdict(profile: Profile, words: Words) -> str:
    count = sum(f.weight is Weight.LOOK for f in profile.findings)
    kind, name = ("pass", words.t("clean")) if profile.clean else ("inconclusive", words.t("look"))
    about = {0: "clean_about", 1: "look_about_one"}.get(count, "look_about")
    said = paragraph(words.t(about, n=words.number(count)))
    return f'<div class="banner {kind}">{badge(kind, name)}{said}</div>'


def _findings(profile: Profile, words: Words) -> str:
    look = [f for f in profile.findings if f.weight is Weight.LOOK]
    notes = [f for f in profile.findings if f.weight is Weight.NOTE]
    shown = _finding_table(look, words)
    told = folded(words.t("notes", n=words.number(len(notes))), _finding_table(notes, words))
    return section("findings", words.t("findings"), shown or paragraph(words.t("clean_about")), told)


def _finding_table(findings: list[Finding], words: Words) -> str:
    columns = [Column(words.t("where")), Column(words.t("what")), Column(words.t("do"))]
    rows = [(Cell(words.where(f) or "–"), Cell(words.says(f)), Cell(words.does(f))) for f in findings]
    return table(columns, rows)


def _models(profile: Profile, words: Words) -> str:
    new = [u.unit for u in profile.units if u.baseline_only]
    parts = [_model(model, new, words) for model in profile.models]
    return section("models", words.t("models"), *parts)


def _model(model: ModelProfile, new_units: list[str], words: Words) -> str:
    title = f"<h3>{escape(words.table(model.model))}</h3>"
    lines = bullets(words.model_lines(model, new_units))
    if model.lacks:
        return title + lines
    columns = [Column(words.t("horizon"))]
    columns += [Column(words.t(name), number=True) for name in ("usable", "needed")]
    columns.append(Column(words.t("verdict")))
    rows = [
        (
            Cell(words.horizon(h.hours)),
            Cell(words.number(round(h.usable_days))),
            Cell(words.number(h.needed_days)),
            Cell(html=badge("pass", words.t("enough")))
            if h.possible
            else Cell(
                html=badge(
                    "block", words.t("short", n=words.number(round(h.needed_days - h.usable_days + 0.5)))
                )
            ),
        )
        for h in model.horizons
    ]
    return title + lines + horizons_picture(model, words) + table(columns, rows)


def _tables(profile: Profile, words: Words) -> str:
    columns = [Column(words.t("table")), Column(words.t("rows"), number=True)]
    columns += [Column(words.t(n), number=True) for n in ("revisions", "from", "to", "gaps")]
    rows = [
        (
            Cell(words.table(t.name), small=t.name),
            Cell(words.number(t.rows) if t.present else words.t("no_table")),
            Cell(words.number(t.revisions)),
            Cell(words.day(t.first) or "–"),
            Cell(words.day(t.last) or "–"),
            Cell(words.number(len(t.gaps)) if t.first else "–"),
        )
        for t in profile.tables
    ]
    pictures = [weeks_picture(t, words) for t in profile.tables]
    return section("tables", words.t("tables"), table(columns, rows), *pictures)


def _units(profile: Profile, words: Words) -> str:
    if not profile.units:
        return ""
    columns = [Column(words.t("unit")), Column(words.t("rows"), number=True)]
    columns += [Column(words.t(n), number=True) for n in ("from", "to", "days", "gaps", "opens", "closes")]
    columns.append(Column(words.t("speaks")))
    rows = [
        (
            Cell(u.unit, small=u.label if u.label != u.unit else ""),
            Cell(words.number(u.rows)),
            Cell(words.day(u.first) or "–"),
            Cell(words.day(u.last) or "–"),
            Cell(words.number(round(u.days))),
            Cell(words.number(len(u.gaps))),
            Cell(words.day(u.open_from) or "–"),
            Cell(words.day(u.open_to) or "–"),
            Cell(words.t("by_baseline" if u.baseline_only else "by_model")),
        )
        for u in profile.units
    ]
    return section("units", words.t("units"), units_picture(profile.units, words), table(columns, rows))


def _labels(profile: Profile, words: Words) -> dict[str, str]:
    return {f"{m.model}:{f.name}": f.label(words.language) for m in profile.models for f in m.features}


def _columns(profile: Profile, words: Words) -> str:
    labels = _labels(profile, words)
    parts = [_of_table(t, labels, words) for t in profile.tables]
    return section("columns", words.t("columns"), *parts)


def _of_table(told: TableProfile, labels: dict[str, str], words: Words) -> str:
    if not told.present:
        cost = words.table_cost(told, labels)
        lost = f" – {words.t('cost_gone')}{words.t('colon')}{cost}" if cost else ""
        return paragraph(
            f"{words.table(told.name)} ({told.name}){words.t('colon')}{words.t('no_table')}{lost}."
        )
    columns = [Column(words.t("column")), Column(""), Column(words.t("missing")), Column(words.t("cost"))]
    rows = [
        (
            Cell(c.name),
            Cell(words.t("required" if c.required else "optional")),
            Cell(html=missing_bar(c.missing, words)),
            Cell(words.cost(told, c.name, labels)),
        )
        for c in told.columns
    ]
    return table(columns, rows, caption=f"{words.table(told.name)} ({told.name})")


def _features(profile: Profile, words: Words) -> str:
    columns = [Column(words.t("feature")), Column(words.t("verdict")), Column(words.t("lacks"))]
    parts = []
    for model in profile.models:
        if model.lacks:
            continue
        rows = [
            (
                Cell(f.label(words.language), small=f.name),
                Cell(
                    html=badge("pass", words.t("exists")) if f.exists else badge("other", words.t("dropped"))
                ),
                Cell(words.lacks(f.lacks)),
            )
            for f in sorted(model.features, key=lambda f: f.exists)
        ]
        parts.append(folded(words.table(model.model), table(columns, rows)))
    return section("features", words.t("features"), *parts) if parts else ""


def _people(profile: Profile, words: Words) -> str:
    attributes = [a for t in profile.tables for a in t.attributes]
    if not attributes:
        return ""
    parts = [paragraph(words.t("people_about", n=words.number(FLOOR)))]
    for attribute in attributes:
        pairs = [(g.value, words.percent(g.share)) for g in attribute.groups]
        pairs.append((words.t("unknown"), words.percent(attribute.missing)))
        parts.append(f"<h3>{escape(attribute.name)}</h3>" + facts(pairs))
        if attribute.small_groups:
            parts.append(paragraph(words.t("small"), "soft"))
    return section("people", words.t("people"), *parts)

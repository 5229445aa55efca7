"""A profile as one page that needs nothing else: no script, no request, no patient."""

from collections.abc import Iterable

from hospital.markup import page, page_style
from hospital.page_pieces import (
    Badge,
    Banner,
    Bullets,
    Cell,
    Column,
    Facts,
    Figure,
    Folded,
    Heading,
    Paragraph,
    Piece,
    Section,
    Table,
)
from hospital.profile.facts import (
    FLOOR,
    Finding,
    HorizonProfile,
    ModelProfile,
    Profile,
    TableProfile,
    Weight,
)
from hospital.profile.pictures import horizons_picture, missing_bar, units_picture, weeks_picture
from hospital.profile.words import Words
from hospital.words.language import Language

__all__ = ["render_page"]

_SECTIONS = ("findings", "models", "tables", "units", "columns", "features", "people")


def render_page(profile: Profile, language: Language) -> str:
    """The page of a profile."""
    words = Words(language)
    body = (
        _findings(profile, words),
        _models(profile, words),
        _tables(profile, words),
        _units(profile, words),
        _columns(profile, words),
        _features(profile, words),
        _people(profile, words),
    )
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
        style=page_style(),
        head=(
            Heading(words.t("title"), level=1),
            Paragraph(profile.source, "soft"),
            _verdict(profile, words),
        ),
        body=body,
        contents=(words.t("contents"), {name: words.t(name) for name in _SECTIONS}),
        footer=footer,
    )


def _verdict(profile: Profile, words: Words) -> Piece:
    count = sum(f.weight is Weight.LOOK for f in profile.findings)
    kind, name = ("pass", words.t("clean")) if profile.clean else ("inconclusive", words.t("look"))
    return Banner(Badge(kind, name), words.about(count))


def _findings(profile: Profile, words: Words) -> Piece:
    look = [f for f in profile.findings if f.weight is Weight.LOOK]
    notes = [f for f in profile.findings if f.weight is Weight.NOTE]
    shown = _finding_table(look, words) if look else Paragraph(words.t("clean_about"))
    folded = Folded(words.t("notes", len(notes)), [_finding_table(notes, words)])
    return Section("findings", words.t("findings"), (shown, folded))


def _finding_table(findings: list[Finding], words: Words) -> Piece:
    columns = [Column(words.t("where")), Column(words.t("what")), Column(words.t("do"))]
    rows = [(Cell(words.where(f) or "–"), Cell(words.says(f)), Cell(words.does(f))) for f in findings]
    return Table(columns, rows)


def _models(profile: Profile, words: Words) -> Piece:
    new = [u.unit for u in profile.units if u.baseline_only]
    parts = [piece for model in profile.models for piece in _model(model, new, words)]
    return Section("models", words.t("models"), parts)


def _model(model: ModelProfile, new_units: list[str], words: Words) -> Iterable[Piece]:
    yield Heading(words.table(model.model))
    yield Bullets(words.model_lines(model, new_units))
    if model.lacks:
        return
    columns = [Column(words.t("horizon"))]
    columns += [Column(words.t(name), number=True) for name in ("usable", "needed")]
    columns.append(Column(words.t("verdict")))
    rows = [
        (
            Cell(words.horizon(h.hours)),
            Cell(words.number(round(h.usable_days))),
            Cell(words.number(h.needed_days)),
            Cell(badge=_enough(h, words)),
        )
        for h in model.horizons
    ]
    yield Figure(horizons_picture(model, words))
    yield Table(columns, rows)


def _enough(horizon: HorizonProfile, words: Words) -> Badge:
    if horizon.possible:
        return Badge("pass", words.t("enough"))
    return Badge("block", words.lacking_days(horizon.usable_days, horizon.needed_days))


def _tables(profile: Profile, words: Words) -> Piece:
    columns = [Column(words.t("table")), Column(words.t("rows"), number=True)]
    columns += [Column(words.t(n), number=True) for n in ("revisions", "from", "to", "gaps")]
    rows = [
        (
            Cell(words.table(t.name), small=t.name),
            Cell(words.number(t.rows) if t.present else words.t("no_table")),
            Cell(words.number(t.revisions)),
            Cell(words.day(t.first)),
            Cell(words.day(t.last)),
            Cell(words.number(len(t.gaps)) if t.first else "–"),
        )
        for t in profile.tables
    ]
    pictures = [Figure(weeks_picture(t, words)) for t in profile.tables]
    return Section("tables", words.t("tables"), (Table(columns, rows), *pictures))


def _units(profile: Profile, words: Words) -> Piece:
    columns = [Column(words.t("unit")), Column(words.t("rows"), number=True)]
    columns += [Column(words.t(n), number=True) for n in ("from", "to", "days", "gaps", "opens", "closes")]
    columns.append(Column(words.t("speaks")))
    rows = [
        (
            Cell(u.unit, small=u.label if u.label != u.unit else ""),
            Cell(words.number(u.rows)),
            Cell(words.day(u.first)),
            Cell(words.day(u.last)),
            Cell(words.number(round(u.days))),
            Cell(words.number(len(u.gaps))),
            Cell(words.day(u.open_from)),
            Cell(words.day(u.open_to)),
            Cell(words.t("by_baseline" if u.baseline_only else "by_model")),
        )
        for u in profile.units
    ]
    picture = Figure(units_picture(profile.units, words))
    return Section("units", words.t("units"), (picture, Table(columns, rows)))


def _labels(profile: Profile, words: Words) -> dict[str, str]:
    return {f"{m.model}:{f.name}": f.label(words.language) for m in profile.models for f in m.features}


def _columns(profile: Profile, words: Words) -> Piece:
    labels = _labels(profile, words)
    return Section("columns", words.t("columns"), [_of_table(t, labels, words) for t in profile.tables])


def _of_table(table: TableProfile, labels: dict[str, str], words: Words) -> Piece:
    name = f"{words.table(table.name)} ({table.name})"
    if not table.present:
        cost = words.table_cost(table, labels)
        lost = f" – {words.labelled(words.t('cost_gone'), cost)}" if cost else ""
        return Paragraph(f"{words.labelled(name, words.t('no_table'))}{lost}.")
    columns = [Column(words.t("column")), Column(""), Column(words.t("missing")), Column(words.t("cost"))]
    rows = [
        (
            Cell(c.name),
            Cell(words.t("required" if c.required else "optional")),
            Cell(words.percent(c.missing), picture=missing_bar(c.missing)),
            Cell(words.cost(table, c.name, labels)),
        )
        for c in table.columns
    ]
    return Table(columns, rows, name)


def _features(profile: Profile, words: Words) -> Piece:
    columns = [Column(words.t("feature")), Column(words.t("verdict")), Column(words.t("lacks"))]
    parts = []
    for model in profile.models:
        if model.lacks:
            continue
        rows = [
            (
                Cell(f.label(words.language), small=f.name),
                Cell(
                    badge=Badge(*(("pass", words.t("exists")) if f.exists else ("other", words.t("dropped"))))
                ),
                Cell(words.lacks(f.lacks)),
            )
            for f in sorted(model.features, key=lambda f: f.exists)
        ]
        parts.append(Folded(words.table(model.model), [Table(columns, rows)]))
    return Section("features", words.t("features"), parts)


def _people(profile: Profile, words: Words) -> Piece:
    attributes = [a for t in profile.tables for a in t.attributes]
    parts: list[Piece] = [Paragraph(words.t("people_about", FLOOR))] if attributes else []
    for attribute in attributes:
        pairs = [(words.group(attribute.name, g.value), words.percent(g.share)) for g in attribute.groups]
        pairs.append((words.t("unknown"), words.percent(attribute.missing)))
        parts += [Heading(words.attribute(attribute.name)), Facts(pairs)]
        if attribute.small_groups:
            parts.append(Paragraph(words.t("small"), "soft"))
    return Section("people", words.t("people"), parts)

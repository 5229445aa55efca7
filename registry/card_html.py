"""The model card as one page that needs nothing else: French or English, for people who are no statisticians."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from registry.wording import (
    Language,
    advice,
    effect,
    gate_name,
    group_name,
    interval,
    metric_name,
    ordered,
    verdict_name,
)

__all__ = ["render_html"]

_STYLE = """
:root{--ink:#1c2733;--soft:#5a6775;--line:#d5dce3;--paper:#fff;--wash:#f4f6f8;--bad:#a3181f;--warn:#7a5200;--good:#1c6b3a}
*{box-sizing:border-box}body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--wash);margin:0}
main{max-width:60rem;margin:0 auto;padding:2rem 1.5rem;background:var(--paper)}
h1{font-size:1.8rem;line-height:1.2;margin:0 0 .3rem}h2{font-size:1.25rem;margin:2.2rem 0 .6rem;border-bottom:2px solid var(--line)}
h3{font-size:1rem;margin:1.2rem 0 .3rem}p,li{max-width:46rem}small,.soft{color:var(--soft)}
table{border-collapse:collapse;width:100%;font-size:.92rem;margin:.5rem 0 1rem}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.verdict{display:inline-block;padding:.1rem .6rem;border-radius:.3rem;border:2px solid;font-weight:600;white-space:nowrap}
.block{color:var(--bad)}.inconclusive{color:var(--warn)}.pass,.na{color:var(--good)}.na{color:var(--soft)}
.banner{border-left:.5rem solid;padding:.8rem 1rem;background:var(--wash);margin:1rem 0}
code{font:.85rem ui-monospace,monospace;overflow-wrap:anywhere}pre{background:var(--wash);padding:.8rem;overflow-x:auto}
summary{cursor:pointer;color:var(--soft)}svg{max-width:100%;height:auto}
@media print{body{background:#fff}main{padding:0}details>*{display:block}h2{break-after:avoid}tr{break-inside:avoid}}
"""
_T: Mapping[str, tuple[str, str]] = {
    "title": ("Fiche du modèle", "Model card"),
    "bed-demand": ("Demande de lits", "Bed demand"),
    "wait-time": ("Temps d'attente aux urgences", "Emergency wait time"),
    "version": ("version", "version"),
    "verdict": ("Verdict du contrôle", "Verdict of the check"),
    "for": ("À quoi et à qui cela sert", "What for, and for whom"),
    "for_bed-demand": (
        "Prévoir, pour chaque unité et de quelques heures à quelques jours, combien de lits seront demandés : patients présents et patients qui attendent ailleurs un lit de l'unité. Pour les cadres de santé, la gestion des lits et la cellule de pilotage.",
        "Forecast, for each unit and from hours to days ahead, how many beds will be needed: patients there and patients waiting elsewhere for one of its beds. For heads of unit, bed managers and the command centre.",
    ),
    "for_wait-time": (
        "Prévoir, au tri, combien de minutes sépareront l'arrivée d'un patient de son premier contact médical. Pour l'équipe des urgences et l'information des patients.",
        "Forecast, at triage, how many minutes will pass between a patient's arrival and first medical contact. For the emergency team and for telling patients.",
    ),
    "not_for": ("À quoi cela ne sert pas", "What it is not for"),
    "not_for_1": (
        "Décider : la prévision informe, une personne nommée décide et en dit la raison.",
        "Deciding: the forecast informs, a named person decides and says why.",
    ),
    "not_for_2": (
        "Trier des patients, juger du travail d'une personne, ou refuser des soins.",
        "Triaging patients, judging anybody's work, or refusing care.",
    ),
    "not_for_3": (
        "Un autre hôpital : les modèles ne se transfèrent pas d'un établissement à l'autre (Walker et al. 2022, EMJ 39:386).",
        "Another hospital: models do not transfer from one to another (Walker et al. 2022, EMJ 39:386).",
    ),
    "asked": ("Ce qui vous est demandé", "What you are asked"),
    "asked_pass": (
        "Toutes les portes exigées sont ouvertes. Approuver ou refuser cette version, avec un commentaire ; deux approbations de personnes différentes sont nécessaires, aucune de son auteur.",
        "All required gates are open. Approve or refuse this version, with a comment; two approvals by different people are needed, none of them its author.",
    ),
    "asked_closed": (
        "Au moins une porte exigée est fermée : cette version ne peut pas être mise en service, même approuvée. La refuser, ou demander à son auteur ce qui suit.",
        "At least one required gate is closed: this version cannot be released, even if approved. Refuse it, or ask its author for what follows.",
    ),
    "gates": ("Verdicts, les pires d'abord", "Verdicts, worst first"),
    "finding": ("Constat", "Finding"),
    "group": ("Groupe", "Group"),
    "value": ("Valeur", "Value"),
    "interval": ("Intervalle", "Interval"),
    "threshold": ("Seuil", "Threshold"),
    "meaning": ("Que faire", "What to do"),
    "others": ("autres constats", "other findings"),
    "error": ("Erreur, à côté de la meilleure règle simple", "Error, beside the best simple rule"),
    "error_note": (
        "Erreur absolue moyenne sur des jours que le modèle n'a jamais vus ni pour apprendre, ni pour se calibrer, ni pour choisir son périmètre.",
        "Mean absolute error on days that the model never saw: not to learn, not to calibrate, not to choose its scope.",
    ),
    "horizon": ("Horizon", "Horizon"),
    "model": ("Modèle", "Model"),
    "rule": ("Règle simple", "Simple rule"),
    "gain": ("Gain", "Gain"),
    "within": ("Dans p10–p90", "Within p10–p90"),
    "scope": ("De confiance", "Trusted"),
    "yes": ("oui", "yes"),
    "no": ("non : la règle est servie", "no: the rule is served"),
    "part": ("en partie", "in part"),
    "fairness": ("Équité par groupe", "Fairness by group"),
    "fairness_note": (
        "Le tort est d'annoncer trop peu. Le sexe, la langue ou l'âge du patient ne servent jamais d'attribut de jugement au modèle ; ils servent à le juger.",
        "The harm is to announce too little. Audit attributes are never given to the model; they serve to judge it.",
    ),
    "observed": ("Observé en moyenne", "Mean observed"),
    "signed": ("Erreur signée", "Signed error"),
    "absolute": ("Erreur absolue", "Absolute error"),
    "harm": ("Tort mesuré (intervalle)", "Measured harm (interval)"),
    "limits": ("Limites", "Limits"),
    "limit_scope": (
        "Hors du périmètre de confiance, Vigie sert la règle simple et le dit dans chaque réponse.",
        "Outside the trusted scope Vigie serves the simple rule and says so in every answer.",
    ),
    "limit_censored": (
        "Les patients partis sans être vus ne sont pas écartés : ils pèsent par pondération (Kaplan-Meier par tri), avec un pire cas par groupe.",
        "Patients who left unseen are not dropped: they count by weights (Kaplan-Meier by triage), with a worst case by group.",
    ),
    "limit_missing": ("Données que l'hôpital n'a pas fournies : {}.", "Data the hospital did not give: {}."),
    "limit_groups": ("Groupes trop petits pour être jugés : {}.", "Groups too small to be judged: {}."),
    "data": ("Données", "Data"),
    "data_days": ("{} jours utilisés ; lignes : {}.", "{} days used; rows: {}."),
    "law": ("Règlement sur l'IA et RGPD", "EU AI Act and GDPR"),
    "law_oversight": (
        "Contrôle humain : mise en service signée par deux membres du comité et une personne distincte ; chaque décision prise avec une prévision est celle d'une personne nommée, avec sa raison, au journal.",
        "Human oversight: release signed by two board members and a third person; each decision made with a forecast is a named person's, with a reason, in the journal.",
    ),
    "law_data": (
        "Données : identifiants remplacés par des pseudonymes à clé avant tout stockage ; aucune valeur dans les journaux techniques ; effacement possible sans rompre la chaîne.",
        "Data: ids replaced by keyed pseudonyms before anything is stored; no value in technical logs; erasure possible without breaking the chain.",
    ),
    "identity": ("Identité", "Identity"),
    "package": ("paquet", "package"),
    "policy": ("politique", "policy"),
    "commit": ("code", "code"),
    "compared": ("comparée à", "compared with"),
    "features": ("Ce que le modèle regarde", "What the model looks at"),
    "all": ("ensemble", "all"),
}


class _Page:
    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self.parts: list[str] = []

    def t(self, key: str) -> str:
        """A text of the page."""
        return _T[key][0 if self.language == "fr" else 1]

    def add(self, html: str) -> None:
        self.parts.append(html)

    def heading(self, key: str) -> None:
        self.add(f"<h2>{escape(self.t(key))}</h2>")

    def paragraph(self, text: str, kind: str = "") -> None:
        self.add(f"<p{f' class={kind!r}' if kind else ''}>{escape(text)}</p>")

    def table(self, head: Iterable[tuple[str, bool]], rows: Iterable[Iterable[str]]) -> None:
        """A table; `head`: title and whether the column holds numbers; cells are HTML."""
        columns = list(head)
        kind = [' class="n"' if number else "" for _, number in columns]
        out = ["<table><thead><tr>"]
        out += [
            f'<th scope="col"{k}>{escape(title)}</th>' for (title, _), k in zip(columns, kind, strict=True)
        ]
        out.append("</tr></thead><tbody>")
        for row in rows:
            out.append(
                "<tr>" + "".join(f"<td{k}>{cell}</td>" for cell, k in zip(row, kind, strict=True)) + "</tr>"
            )
        self.add("".join(out) + "</tbody></table>")

    def number(self, value: float | None, digits: int = 1) -> str:
        """A number in the page's language."""
        if value is None:
            return "–"
        text = f"{value:,.{digits}f}"
        return text.replace(",", " ").replace(".", ",") if self.language == "fr" else text

    def percent(self, value: float | None) -> str:
        """A share as a percentage."""
        return "–" if value is None else f"{self.number(100 * value)} %"


def render_html(card: Mapping[str, Any], language: Language) -> str:
    """The page of a card (``card.json``)."""
    page = _Page(language)
    _head(page, card)
    _purpose(page, card)
    _gates(page, card)
    _performance(page, card)
    _fairness(page, card)
    _limits(page, card)
    _identity(page, card)
    title = escape(f"{page.t('title')} – {page.t(card['model'])} {card['version']}")
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><main>{''.join(page.parts)}</main></body></html>"
    )


def _badge(verdict: str, language: Language) -> str:
    kind = "na" if verdict == "not applicable" else verdict
    return f'<span class="verdict {kind}">{escape(verdict_name(verdict, language))}</span>'


def _head(page: _Page, card: Mapping[str, Any]) -> None:
    page.add(f'<p class="soft">Vigie · {escape(page.t("title"))}</p>')
    page.add(f"<h1>{escape(page.t(card['model']))}, {page.t('version')} {escape(card['version'])}</h1>")
    kind = "pass" if card["verdict"] == "pass" else card["verdict"]
    page.add(f'<div class="banner {kind}"><strong>{escape(page.t("verdict"))}:</strong> ')
    page.add(_badge(card["verdict"], page.language) + "</div>")
    page.heading("asked")
    page.paragraph(page.t("asked_pass" if card["verdict"] == "pass" else "asked_closed"))
    command = f'vigie review {card["model"]} {card["version"]} --approve --comment "…" --key FILE'
    page.add(f"<pre><code>{escape(command)}\n{escape(command.replace('--approve', '--refuse'))}</code></pre>")


def _purpose(page: _Page, card: Mapping[str, Any]) -> None:
    page.heading("for")
    page.paragraph(page.t(f"for_{card['model']}"))
    page.heading("not_for")
    items = "".join(f"<li>{escape(page.t(f'not_for_{i}'))}</li>" for i in (1, 2, 3))
    page.add(f"<ul>{items}</ul>")


def _gates(page: _Page, card: Mapping[str, Any]) -> None:
    page.heading("gates")
    for gate in ordered(card["gates"]):
        page.add(
            f"<h3>{escape(gate_name(gate['name'], page.language))} {_badge(gate['verdict'], page.language)}</h3>"
        )
        required = [f for f in gate["findings"] if f["required"]]
        first = [f for f in required if f["verdict"] != "pass"] or required[:2]
        rest = [f for f in gate["findings"] if f not in first]
        _findings(page, gate["name"], first)
        if rest:
            page.add(f"<details><summary>{len(rest)} {escape(page.t('others'))}</summary>")
            _findings(page, gate["name"], rest)
            page.add("</details>")


def _findings(page: _Page, gate: str, findings: list[dict[str, Any]]) -> None:
    language = page.language
    head = [
        (page.t("finding"), False),
        (page.t("group"), False),
        (page.t("value"), True),
        (page.t("interval"), True),
    ]
    head += [(page.t("threshold"), True), ("n", True), ("", False), (page.t("meaning"), False)]
    page.table(
        head,
        (
            [
                escape(metric_name(f["metric"], language)),
                escape(group_name(f["group"], language)),
                effect(f, f["value"]),
                interval(f),
                effect(f, f["threshold"]),
                page.number(f["n"], 0),
                _badge(f["verdict"], language),
                escape(advice(gate, f, language)),
            ]
            for f in findings
        ),
    )


def _performance(page: _Page, card: Mapping[str, Any]) -> None:
    page.heading("error")
    page.paragraph(page.t("error_note"), "soft")
    rows = [r for r in card["performance"] if r["unit_group"] == "all"]
    page.add(
        _bars(
            page,
            rows,
            "min" if card["model"] == "wait-time" else ("lits" if page.language == "fr" else "beds"),
        )
    )
    _performance_table(page, rows)
    others = [r for r in card["performance"] if r["unit_group"] != "all"]
    if len(others) > len(rows):
        page.add(f"<details><summary>{escape(page.t('group'))}</summary>")
        _performance_table(page, others)
        page.add("</details>")


def _performance_table(page: _Page, rows: list[dict[str, Any]]) -> None:
    titles = ("horizon", "group", "model", "rule", "gain", "within", "scope")
    page.table(
        [(page.t(k), k in ("model", "rule", "gain", "within")) for k in titles] + [("n", True)],
        (
            [
                _horizon(r["horizon_hours"]),
                escape(page.t("all") if r["unit_group"] == "all" else r["unit_group"]),
                page.number(r["mae"], 2),
                f"{page.number(r['baseline_mae'], 2)} <small>({escape(str(r['baseline']).replace('_', ' '))})</small>",
                _gain(page, r["gain"]),
                page.percent(r["coverage"]),
                escape(_trusted(page, r)),
                page.number(r["n"], 0),
            ]
            for r in rows
        ),
    )


def _trusted(page: _Page, row: Mapping[str, Any]) -> str:
    if not row["in_scope"]:
        return page.t("no")
    return page.t("part") if row["unit_group"] == "all" and row["horizon_hours"] else page.t("yes")


def _gain(page: _Page, gain: list[float | None] | None) -> str:
    if gain is None:
        return "–"
    value, low, high = gain
    bounds = (
        "" if low is None or high is None else f" <small>({page.percent(low)} … {page.percent(high)})</small>"
    )
    return page.percent(value) + bounds


def _horizon(hours: float) -> str:
    if not hours:
        return "–"
    return f"{hours:g} h" if hours < 48 else f"{hours / 24:g} d"


def _bars(page: _Page, rows: list[dict[str, Any]], unit: str) -> str:
    """Pairs of bars, model and rule, by horizon; the table below says the same in numbers."""
    shown = [r for r in rows if r["mae"] is not None and r["baseline_mae"] is not None]
    if not shown:
        return ""
    top = max(max(r["mae"], r["baseline_mae"]) for r in shown)
    height, out = 34 * len(shown) + 10, []
    for i, r in enumerate(shown):
        y = 34 * i + 5
        label = _horizon(r["horizon_hours"])
        out.append(f'<text x="0" y="{y + 18}" font-size="13">{escape(label)}</text>')
        for j, (value, fill) in enumerate(((r["mae"], "#1f5f99"), (r["baseline_mae"], "#b9c4cf"))):
            width = 380 * value / top
            out.append(f'<rect x="60" y="{y + 13 * j}" width="{width:.1f}" height="11" fill="{fill}"/>')
            out.append(
                f'<text x="{66 + width:.1f}" y="{y + 10 + 13 * j}" font-size="11">{page.number(value)} {unit}</text>'
            )
    words = f"{page.t('model')} / {page.t('rule')}"
    legend = (
        f'<text x="60" y="{height + 12}" font-size="12" fill="#1f5f99">■ {escape(page.t("model"))}</text>'
        f'<text x="160" y="{height + 12}" font-size="12" fill="#5a6775">■ {escape(page.t("rule"))}</text>'
    )
    return f'<svg viewBox="0 0 520 {height + 20}" width="520" role="img" aria-label="{escape(words)}">{"".join(out)}{legend}</svg>'


def _fairness(page: _Page, card: Mapping[str, Any]) -> None:
    page.heading("fairness")
    page.paragraph(page.t("fairness_note"), "soft")
    head = [
        ("group", False),
        ("observed", True),
        ("signed", True),
        ("absolute", True),
        ("within", True),
        ("harm", False),
    ]
    page.table(
        [*[(page.t(k), n) for k, n in head], ("n", True)],
        (
            [
                escape(group_name(g["group"], page.language)),
                page.number(g["told"].get("mean_outcome")),
                page.number(g["told"].get("bias")),
                page.number(g["told"].get("absolute_error")),
                page.percent(g["told"].get("coverage")),
                "<br>".join(_harm(page, h) for h in g["harms"]) or "–",
                page.number(g["n"], 0),
            ]
            for g in card["groups"]
        ),
    )


def _harm(page: _Page, finding: Mapping[str, Any]) -> str:
    if finding["value"] is None:
        return escape(advice("fairness", finding, page.language))
    bounds = interval(finding)
    name = escape(metric_name(finding["metric"], page.language))
    return f"{name}: {effect(finding, finding['value'])} <small>({bounds})</small>"


def _limits(page: _Page, card: Mapping[str, Any]) -> None:
    page.heading("limits")
    items = [page.t("limit_scope")]
    if card["model"] == "wait-time":
        items.append(page.t("limit_censored"))
    if card["data"]["missing"]:
        items.append(page.t("limit_missing").format(", ".join(card["data"]["missing"])))
    small = {h["group"] for g in card["groups"] for h in g["harms"] if h["note"] == "needs_more_rows"}
    if small:
        items.append(
            page.t("limit_groups").format(", ".join(sorted(group_name(s, page.language) for s in small)))
        )
    items += [f"{f['table']}: {f['message']}" for f in card["data"]["findings"]]
    page.add("<ul>" + "".join(f"<li>{escape(i)}</li>" for i in items) + "</ul>")
    page.heading("law")
    page.add(f"<ul><li>{escape(page.t('law_oversight'))}</li><li>{escape(page.t('law_data'))}</li></ul>")


def _identity(page: _Page, card: Mapping[str, Any]) -> None:
    data = card["data"]
    page.heading("data")
    rows = ", ".join(f"{n} {page.number(c, 0)}" for n, c in data["rows"].items())
    page.paragraph(page.t("data_days").format(page.number(data["days"], 0), rows))
    page.add(f"<details><summary>{escape(page.t('features'))}</summary><ul>")
    label = "label_fr" if page.language == "fr" else "label_en"
    page.add("".join(f"<li>{escape(f[label])}</li>" for f in card["features"]) + "</ul></details>")
    page.heading("identity")
    facts = {
        page.t("package"): card["digest"],
        page.t("data").lower(): data["digest"],
        page.t("policy"): f"{card['policy_digest']} ({card['policy_name']})",
        page.t("commit"): card["training"]["code_commit"],
        page.t("compared"): card["compared_with"] or "–",
    }
    page.add(
        "<p>" + "<br>".join(f"{escape(k)} <code>{escape(str(v))}</code>" for k, v in facts.items()) + "</p>"
    )

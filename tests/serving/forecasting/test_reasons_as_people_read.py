"""Reasons as a head nurse reads them: differences rise or fall, and what is so is said once."""

import re

import numpy as np
import pytest

from benchmarks.reasons.contribution_values import values
from benchmarks.reasons.sentence_reader import read_sentence, subject_of
from hospital.features.bed_list import ALL_BED_FEATURES
from hospital.features.feature import Feature
from hospital.features.wait import WAIT_FEATURES
from hospital.words import formats
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from registry.components.situations import KINDS_OF_DAY, SEASONS
from registry.explanations.levers import LEVERS, Range
from registry.model.trust_limits import warnings_of
from serving.explanations.counterfactual_text import counted
from serving.forecasting.comparison import Comparison
from serving.forecasting.explanation_text import ExplanationTerms, ExplanationText
from serving.forecasting.feature_words import FeatureWords, sentences
from serving.forecasting.hospital.hospital_explanation_text import HospitalExplanationText, Relied
from serving.forecasting.reason_sentences import reliability_of
from serving.messages.question_records import ExplainOptions

_SITUATION = 3 * len(KINDS_OF_DAY) * len(SEASONS)  # three in the morning, a weekday, in winter
WEEKDAY = Comparison(0, 80, _SITUATION)
QUEUE = [
    f
    for f in WAIT_FEATURES
    if f.name in ("ed_waiting", "ed_waiting_ahead", "ed_waiting_over_1h", "ed_doctors")
]
DIFFERENCES = [f for f in ALL_BED_FEATURES if has_text(f"about.more.{f.name}")]
RISING = {"fr": r"augment|dépass|de plus", "en": r"risen|rises|rose|above|more"}
FALLING = {"fr": r"baiss|sous celui|de moins", "en": r"fallen|falls|fell|below|fewer"}


def queue(values: list[float], usual: list[float], adds: list[float], language: Language) -> tuple[str, ...]:
    """The sentences of some of the queue's features, without where the forecast starts."""
    terms = ExplanationTerms(list(range(len(values))), values, usual, adds, 0.0, 30.0, {}, None, WEEKDAY)
    texts = ExplanationText(QUEUE[: len(values)], "min", language)
    return texts.wait(terms, ExplainOptions(9, "typical", language))["reasons"][1:]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("feature", DIFFERENCES, ids=lambda f: f.name)
def test_a_difference_says_its_side_in_words_and_its_size_without_a_sign(
    feature: Feature, language: Language
) -> None:
    """What is usual keeps its sign: it may lie on the other side."""
    words = FeatureWords(feature, language)
    for value, side, other in ((-6.5, FALLING, RISING), (6.5, RISING, FALLING)):
        about = words.compared(value, -1.5, "X")[2]
        said, _, usual = about.partition(" (")
        assert re.search(side[language], said)
        assert not re.search(other[language], said)
        assert not re.search(r"[+−]", said)
        assert usual.startswith("−1")
        assert ("6,5" if language == "fr" else "6.5") in said


def test_every_difference_has_both_sides_and_none() -> None:
    """Whoever adds a text for a rise has one for a fall, and one for neither."""
    assert len(DIFFERENCES) > 12
    for feature in DIFFERENCES:
        assert has_text(f"about.less.{feature.name}")
        assert has_text(f"about.none.{feature.name}")
        assert not has_text(f"about.{feature.name}")


@pytest.mark.parametrize(
    ("language", "beds", "said"),
    [
        ("fr", 1.0, "1 lit armé de plus à l'heure visée que de lits nécessaires maintenant"),
        ("fr", -12.0, "12 lits armés de moins à l'heure visée que de lits nécessaires maintenant"),
        ("en", 1.0, "1 more staffed bed at the hour ahead than beds needed now"),
        ("en", -1.6, "1.6 fewer staffed beds at the hour ahead than beds needed now"),
    ],
)
def test_beds_that_are_free_or_lacking_have_their_plural(language: Language, beds: float, said: str) -> None:
    """One bed and several, more and fewer."""
    (feature,) = [f for f in ALL_BED_FEATURES if f.name == "free_then"]
    assert FeatureWords(feature, language).compared(beds, float("nan"), None)[2] == said


@pytest.mark.parametrize(("language", "against"), [("fr", ", et pourtant"), ("en", ", and yet")])
def test_what_goes_against_what_people_expect_says_so(language: Language, against: str) -> None:
    """More patients ahead and a shorter wait, fewer doctors and a shorter wait; no other sentence does."""
    by_name = {f.name: i for i, f in enumerate(QUEUE)}
    cases = [
        ("ed_waiting_ahead", 6.0, 4.0, -1.2, True),
        ("ed_waiting_ahead", 6.0, 4.0, 1.2, False),
        ("ed_waiting_ahead", 2.0, 4.0, 1.2, True),
        ("ed_waiting_ahead", 4.0, 4.0, -1.2, False),  # "the same as usual" expects nothing
        ("ed_waiting_ahead", 4.0, 4.01, 1.2, False),
        ("ed_doctors", 1.0, 2.0, -3.0, True),
        ("ed_doctors", 1.0, 2.0, 3.0, False),
        ("ed_doctors", 1.0, float("nan"), -3.0, False),  # nothing is compared
    ]
    for name, value, usual, adds, contrary in cases:
        feature = QUEUE[by_name[name]]
        terms = ExplanationTerms([0], [value], [usual], [adds], 0.0, 30.0, {}, None, WEEKDAY)
        options = ExplainOptions(9, "typical", language)
        [sentence] = ExplanationText([feature], "min", language).wait(terms, options)["reasons"][1:]
        assert (against in sentence) == contrary, sentence


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "fr",
            "Aucun patient n'attend (14 d'habitude à cette heure, un jour de semaine d'hiver)\u00a0: −9,5\u00a0min",
        ),
        ("en", "No patient is waiting (14 usually at this hour on winter weekdays): −9.5\u00a0min"),
    ],
)
def test_that_nobody_waits_is_said_once(language: Language, said: str) -> None:
    """Where nobody waits, nobody urgent does: one sentence has what all of them add."""
    names = [f.name for f in QUEUE]
    usual = [14.0 if n == "ed_waiting" else 3.0 for n in names[:3]]
    adds = [-6.0 if n == "ed_waiting" else -1.75 for n in names[:3]]
    assert set(names[:3]) == {"ed_waiting", "ed_waiting_ahead", "ed_waiting_over_1h"}
    assert queue([0.0, 0.0, 0.0], usual, adds, language) == (said,)
    somebody = [5.0 if n == "ed_waiting" else 0.0 for n in names[:3]]
    assert len(queue(somebody, usual, adds, language)) == 3


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "Aucun patient en attente pour les médecins présents (2 d'habitude)\u00a0: −29\u00a0min"),
        ("en", "No patient waiting for the doctors on duty (2 usually): −29\u00a0min"),
    ],
)
def test_that_nobody_waits_for_a_doctor_is_that_nobody_waits(language: Language, said: str) -> None:
    """Also where the count of all who wait is not among what is shown."""
    features = {f.name: f for f in WAIT_FEATURES}
    usually = {"fr": "d'habitude", "en": "usually"}[language]
    statements = [
        FeatureWords(features[name], language).statement(0.0, usual, usually, adds)[2]
        for name, usual, adds in (("ed_waiting_ahead", 3.6, -11.0), ("waiting_per_doctor", 2.0, -18.0))
    ]
    assert sentences(statements, "minutes", language) == [said]


@pytest.mark.parametrize(("language", "said"), [("fr", "il est 03\u00a0h\u00a000"), ("en", "it is 03:00")])
def test_a_clock_time_is_written_as_everywhere(language: Language, said: str) -> None:
    """As the page's own times are; a minute before the hour is not the hour before."""
    (hour,) = [f for f in WAIT_FEATURES if f.name == "hour"]
    assert FeatureWords(hour, language).compared(3.0, 3.0, "X")[2] == said
    assert FeatureWords(hour, language).compared(2.9999, 3.0, "X")[2] == said


@pytest.mark.parametrize(
    ("language", "every", "one"),
    [
        (
            "fr",
            "répond pour toutes les unités, pas le modèle.",
            "répond pour une des 8 unités (5\u00a0% des lits).",
        ),
        ("en", "answers for every unit, not the model.", "answers for one of 8 units (5% of the beds)."),
    ],
)
def test_a_total_answered_by_the_baseline_alone_says_every_unit(
    language: Language, every: str, one: str
) -> None:
    """And not "8 of 8 units"; one unit is one."""

    def warning(by_baseline: int, share: float) -> str:
        relied = Relied(8, by_baseline, share, 0, 0, 0, 0, 0, {}, 0, 0, stale=False)
        [said] = relied.warnings(language)
        return said

    assert warning(8, 1.0).endswith(every)
    assert warning(1, 0.05).endswith(one)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_baseline_is_named_with_one_colon(language: Language) -> None:
    """The one before its number."""
    for name in ("last_wait", "recent_median", "usual_hour", "last_value", "same_hour_last_week"):
        assert ":" not in text(f"reasons.baselines.{name}", language)


@pytest.mark.parametrize(
    ("language", "none", "two"),
    [
        ("fr", "aucune opération programmée (et non 3)", "2 opérations programmées (et non 3)"),
        ("en", "no operation planned (and not 3)", "2 operations planned (and not 3)"),
    ],
)
def test_a_lever_at_none_has_words(language: Language, none: str, two: str) -> None:
    """Nobody reads "0 operations planned"."""
    (lever,) = [lever for lever in LEVERS if lever.name == "operations"]
    found = Range(lever, 3.0, np.arange(4.0), {})
    assert counted(found, 0.0, language) == none
    assert counted(found, 2.0, language) == two


@pytest.mark.parametrize("language", ["fr", "en"])
def test_of_beds_nobody_expects_what_is_expected_of_a_wait(language: Language) -> None:
    """Fewer arrivals than usual and more beds are no contradiction: it says so of waits alone."""
    feature = Feature("ed_arrivals_3h", "flow", "Arrivées", "Arrivals", "patients")
    one = ExplanationTerms([0], [13.0], [21.0], [2.0], 0.0, 30.0, {}, None, WEEKDAY)
    options, texts = ExplainOptions(9, "typical", language), {"fr": "et pourtant", "en": "and yet"}
    beds = ExplanationText([feature], "beds", language).bed(one, options, 30.0)["reasons"]
    waits = ExplanationText([feature], "min", language).wait(one, options)["reasons"]
    assert not any(texts[language] in sentence for sentence in beds)
    assert texts[language] in waits[1]


@pytest.mark.parametrize(
    ("language", "nobody", "one"),
    [
        (
            "fr",
            "Aucun patient maintenant, ni présent ni en attente d'un lit\u00a0; d'ici là, l'unité en gagne 3 "
            "en moyenne",
            "1 patient maintenant, présent ou en attente d'un lit\u00a0; d'ici là, l'unité en gagne 2 en moyenne",
        ),
        (
            "en",
            "No patient now, neither present nor waiting for a bed; until then the unit gains 3 on average",
            "1 patient now, present or waiting for a bed; until then the unit gains 2 on average",
        ),
    ],
)
def test_an_empty_unit_has_nobody(language: Language, nobody: str, one: str) -> None:
    """And not "0 patients"; with nothing to compare, the change of where it starts is a mean, and no promise."""
    terms = ExplanationTerms([], [], [], [], 0.0, 3.0, {}, None, None)
    texts, options = ExplanationText([], "beds", language), ExplainOptions(9, "typical", language)
    assert texts.bed(terms, options, 0.0)["reasons"][0] == nobody
    assert texts.bed(terms, options, 1.0)["reasons"][0] == one


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", ["aucun jour férié d'ici là", "1 jour férié d'ici là", "2 jours fériés d'ici là"]),
        (
            "en",
            ["no public holiday until then", "1 public holiday until then", "2 public holidays until then"],
        ),
    ],
)
def test_holidays_are_counted_in_words(language: Language, said: list[str]) -> None:
    """One and several; a label and a number are no sentence."""
    [feature] = [f for f in ALL_BED_FEATURES if f.name == "holidays_until"]
    words = FeatureWords(feature, language)
    assert [words.compared(float(n), float("nan"), None)[2] for n in range(3)] == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "Température, 38,4\u00a0°C (37,6\u00a0°C d'habitude)\u00a0: +2\u00a0min"),
        ("en", "Temperature, 38.4\u00a0°C (37.6\u00a0°C usually): +2\u00a0min"),
    ],
)
def test_a_temperature_has_its_tenth(language: Language, said: str) -> None:
    """A tenth of a degree is read, also from ten degrees on."""
    [feature] = [f for f in WAIT_FEATURES if f.name == "temperature_celsius"]
    words = FeatureWords(feature, language)
    usually = {"fr": "d'habitude", "en": "usually"}[language]
    statement = words.statement(38.4, 37.6, usually, 2.0)[2]
    assert sentences([statement], "minutes", language) == [said]


def _of(name: str) -> Feature:
    return next(f for f in (*WAIT_FEATURES, *ALL_BED_FEATURES) if f.name == name)


@pytest.mark.parametrize(
    ("feature", "french", "english"),
    [
        (
            "ed_waiting_ahead",
            "on ne sait pas combien de patients au moins aussi urgents attendent (3 X)",
            "it is not known how many patients at least as urgent are waiting (3 X)",
        ),
        (
            "ed_present",
            "on ne sait pas combien de patients sont présents aux urgences (3 X)",
            "it is not known how many patients are in the emergency department (3 X)",
        ),
        (
            "ed_doctors",
            "nombre inconnu de médecins présents (3 X)",
            "unknown number of doctors on duty (3 X)",
        ),
        (
            "heart_rate",
            "Fréquence cardiaque, valeur inconnue (3\u00a0/min X)",
            "Heart rate, unknown (3\u00a0/min X)",
        ),
    ],
)
def test_what_is_not_known_of_a_queue_is_a_sentence(feature: str, french: str, english: str) -> None:
    """A label and "unknown" stay where there is nothing better; a reader finds the subject in either."""
    for language, said in (("fr", french), ("en", english)):
        about = FeatureWords(_of(feature), language).compared(np.nan, 3.0, "X")[2]
        assert about == said
        read = read_sentence(f"{about}{formats.label('', language)}+2\u00a0min", language)
        assert read is not None
        if feature != "heart_rate":
            assert subject_of(read.about, language) == (feature,)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("total", [False, True], ids=["unit", "total"])
@pytest.mark.parametrize(
    "feature", [f for f in ALL_BED_FEATURES if f.group != "calendar"], ids=lambda feature: feature.name
)
def test_what_is_not_known_of_beds_is_a_sentence(feature: Feature, total: bool, language: Language) -> None:
    """On a hospital's first day most of it is: no column's label stands in the place of a sentence."""
    about = FeatureWords(feature, language, total=total).compared(np.nan, 3.0, "X")[2]
    assert feature.label(language) not in about
    assert ":" not in about
    subject = subject_of(about.partition(" (")[0], language)
    assert subject is not None
    assert feature.name in subject


@pytest.mark.parametrize(
    ("feature", "value", "french", "english"),
    [
        ("age_years", 0.0, "âge de moins d'un an", "under one year of age"),
        ("age_years", 1.0, "âge de 1\u00a0an", "age of 1\u00a0year"),
        (
            "minutes_since_arrival",
            355.2,
            "prévision faite 5\u00a0h\u00a055\u00a0min après l'arrivée",
            "forecast made 5\u00a0h\u00a055\u00a0min after arrival",
        ),
        (
            "recent_wait_all",
            3_010.0,
            "attente récente de 2\u00a0jours\u00a02\u00a0h, tous patients",
            "recent wait of 2\u00a0days\u00a02\u00a0h, all patients",
        ),
        (
            "last_wait_triage",
            300.0,
            "dernière attente de 5\u00a0h pour une urgence comparable",
            "last wait of 5\u00a0h for similar urgency",
        ),
    ],
)
def test_ages_and_long_waits_are_said_as_people_say_them(
    feature: str, value: float, french: str, english: str
) -> None:
    """No patient of 0 years, no wait of 3,010 minutes; the benchmark's reader reads the same value."""
    for language, said in (("fr", french), ("en", english)):
        about = FeatureWords(_of(feature), language).compared(value, np.nan, None)[2]
        assert about == said
        read = read_sentence(f"{about}{formats.label('', language)}+2\u00a0min", language)
        assert read is not None
        contribution = {"feature": feature, "value": value, "reference_value": None}
        assert values(read, contribution, language) == []
        assert values(read, {**contribution, "value": value + 45}, language) == ["value"]


def test_an_hour_is_said_as_clocks_say_it() -> None:
    """11:01 until it is 11:02; every minute of the day, as features have it, is said as it is."""
    words = FeatureWords(_of("hour"), "en")
    assert words.compared(11 + 1 / 60 + 50 / 3600, np.nan, None)[2] == "it is 11:01"
    for minute in range(24 * 60):
        said = words.compared(float(np.float32(minute / 60)), np.nan, None)[2]
        assert said == f"it is {minute // 60:02d}:{minute % 60:02d}"


def test_a_change_as_a_week_ago_has_its_unit() -> None:
    """Beds, in the plural that the number takes."""
    terms = ExplanationTerms([], [], [], [], 0.0, 66.5, {"unit_offset": 0.0}, None, WEEKDAY)
    for language, end in (("fr", "\u00a0: +1,5\u00a0lit"), ("en", ": +1.5\u00a0beds")):
        options = ExplainOptions(3, "last_week", language)
        first = ExplanationText(DIFFERENCES, "beds", language).bed(terms, options, 65.0)["reasons"][0]
        assert first.endswith(end)


def test_what_means_lie_above_medians_comes_after_the_reasons() -> None:
    """It is a step of reckoning: whoever reads a hospital total reads what is so first, as in its picture."""
    terms = ExplanationTerms(
        [0], [-6.5], [1.0], [3.0], 0.5, 130.0, {"mean_above_p50": 0.8, "calibration": 0.4}, None, WEEKDAY
    )
    texts = HospitalExplanationText(DIFFERENCES, "fr")
    reasons = texts.explanation(terms, ExplainOptions(3, "typical", "fr"), 133.0)["reasons"]
    assert [r.partition("\u00a0:")[0].split()[0] for r in reasons[1:]] == ["Le", "Tous", "Calibrage", "Écart"]


def test_a_horizon_is_an_echeance_in_french() -> None:
    """Whatever package names it: the label of the features' digest, by which packages are refused, is as it was."""
    horizon = _of("horizon_hours")
    assert (horizon.label("fr"), horizon.label("en")) == ("Échéance", "Horizon")
    assert (horizon.label_fr, horizon.label_en) == ("Horizon", "Horizon")
    assert _of("unit").label("fr") == "Unité"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "En attente, au moins aussi urgents\u00a0; Patients présents."),
        ("en", "Waiting, at least as urgent; Patients present."),
    ],
)
def test_labels_with_commas_are_kept_apart(language: Language, said: str) -> None:
    """Of two that are unknown nobody reads three."""
    (warning,) = warnings_of(
        WAIT_FEATURES,
        (),
        ("ed_waiting_ahead", "ed_present"),
        inside=True,
        stale=False,
        unheld=False,
        language=language,
    )
    assert warning.endswith(said)


@pytest.mark.parametrize(
    ("language", "said"),
    [("fr", " : effectifs et lits armés, dont"), ("en", ": staffing and staffed beds, of")],
)
def test_the_oldest_table_is_named_within_its_sentence(language: Language, said: str) -> None:
    """Without a capital."""
    figures = reliability_of(None, None, ("staffing", 300.0), language)["figures"]
    assert said.replace(" :", "\u00a0:") in figures[0]


@pytest.mark.parametrize(
    ("stable", "french", "english"),
    [
        (
            0,
            "aucune ne se retrouve dans les deux moitiés du modèle.",
            "none is found in both halves of the model.",
        ),
        (1, "1 se retrouve dans les deux moitiés du modèle.", "1 is found in both halves of the model."),
        (2, "2 se retrouvent dans les deux moitiés du modèle.", "2 are found in both halves of the model."),
        (
            3,
            "toutes se retrouvent dans les deux moitiés du modèle.",
            "all are found in both halves of the model.",
        ),
    ],
)
def test_how_many_reasons_are_steady_is_said_in_words(stable: int, french: str, english: str) -> None:
    """None and all have words of their own."""
    for language, said in (("fr", french), ("en", english)):
        assert reliability_of(1.0, stable, None, language)["figures"][-1].endswith(said)

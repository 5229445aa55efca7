"""Reasons as a head nurse reads them: differences rise or fall, and what is so is said once."""

import re

import numpy as np
import pytest

from hospital.features.bed_list import ALL_BED_FEATURES
from hospital.features.feature import Feature
from hospital.features.wait import WAIT_FEATURES
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from registry.components.situations import KINDS_OF_DAY, SEASONS
from registry.explanations.levers import LEVERS, Range
from serving.explanations.counterfactual_text import counted
from serving.forecasting.comparison import Comparison
from serving.forecasting.explanation_text import ExplanationTerms, ExplanationText
from serving.forecasting.feature_words import FeatureWords, sentences
from serving.forecasting.hospital.hospital_explanation_text import Relied
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
        relied = Relied(8, by_baseline, share, 0, 0, 0, 0, 0, {}, stale=False)
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

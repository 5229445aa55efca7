"""What is said of a forecast: which contributions, in which words, and what the baseline is called."""

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from explain.reasons import select
from hospital.dataset.baselines import BED_BASELINES, WAIT_BASELINES
from hospital.features.feature import Feature
from hospital.holidays.place import Place
from hospital.times import HOUR
from hospital.words.formats import short_number
from hospital.words.language import Language
from serving.forecasting.comparison import Comparison, holidays
from serving.forecasting.explanation_text import ExplanationTerms, ExplanationText, Partner
from serving.forecasting.feature_words import FeatureWords
from serving.forecasting.hospital.hospital_explanation_text import HospitalExplanationText
from serving.forecasting.reason_sentences import until_words
from serving.forecasting.row_answers import outweighing
from serving.messages.forecast_parts import total
from serving.messages.question_records import ExplainOptions

FEATURES = (
    Feature("ed_waiting", "crowding", "Patients en attente", "Patients waiting", "patients"),
    Feature("triage", "patient", "Tri", "Triage"),
    Feature("arrival_mode", "patient", "Mode d'arrivée", "Arrival", levels=("ambulance", "walk_in")),
    Feature("hour", "calendar", "Heure", "Hour", "h"),
)
FR, EN = ExplainOptions(6, "typical", "fr"), ExplainOptions(6, "typical", "en")


SUNDAY = Comparison(2, 52, int(np.ravel_multi_index((14, 2, 2), (24, 3, 4))))
"""Sundays of all seasons from one to three in the afternoon."""


def terms(baseline: str | None = None) -> ExplanationTerms:
    """Four contributions, the largest first; the third compares an unknown value."""
    return ExplanationTerms(
        columns=[0, 3, 2, 1],
        values=[23.0, 14.5, float("nan"), 3.25],
        usual=[14.0, 9.0, 1.0, 4.0],
        contributions=[8.2, -3.0, 1.0, 0.01],
        other=-0.2,
        base=33.1,
        adjustments={"calibration": 0.4},
        baseline=baseline,
        comparison=None if baseline else SUNDAY,
        of_urgency=True,
    )


def test_the_largest_are_chosen_and_the_others_added_up_by_themselves() -> None:
    """By size, the first column first where two are equal; what is left is a sum of its own, row by row."""
    contributions = np.array([[1.0, -3.0, 3.0, 0.5], [0.0, 0.25, 0.0, -0.5]])
    columns, others = select(contributions, 2)
    assert columns.tolist() == [[1, 2], [3, 1]]
    assert others.tolist() == [1.5, 0.0]
    assert contributions[0].tolist() == [1.0, -3.0, 3.0, 0.5]  # the caller's are as they were
    none, everything = select(contributions, 0)
    assert (none.shape, everything.tolist()) == ((2, 0), [1.5, -0.25])
    assert select(contributions, 99)[1].tolist() == [0.0, 0.0]


def test_reasons_are_sentences_in_both_languages() -> None:
    """What is so, compared with what, what it does; unknown is said; what would be shown as 0 is left out."""
    french = ExplanationText(FEATURES, "min", "fr").wait(terms(), FR)
    assert french["reasons"] == (
        "Au départ, pour ce degré d'urgence, l'attente prévue d'habitude vers cette heure, un dimanche\u00a0: "
        "33\u00a0min",
        "23 patients attendent déjà (14 d'habitude vers cette heure, un dimanche)\u00a0: +8,2\u00a0min",
        "Il est 14\u00a0h\u00a030\u00a0: −3\u00a0min",
        "Mode d'arrivée, valeur inconnue (à pied d'habitude vers cette heure, un dimanche)\u00a0: +1\u00a0min",
        "Tous les autres facteurs\u00a0: −0,2\u00a0min",
        "Calibrage sur les jours récents\u00a0: +0,4\u00a0min",
    )
    english = ExplanationText(FEATURES, "min", "en").wait(terms(), EN)
    assert english["reasons"][1:3] == (
        "23 patients are already waiting (14 usually around this hour on Sundays): +8.2\u00a0min",
        "It is 14:30: −3\u00a0min",
    )
    shown = {c["feature"]: (c["value"], c["reference_value"]) for c in english["contributions"]}
    assert shown == {
        "ed_waiting": (23.0, 14.0),
        "hour": (14.5, 9.0),
        "arrival_mode": (None, "walk_in"),
        "triage": ("3", "4"),
    }
    assert english["compared_with"] == {
        "cases": 52,
        "hour": 14,
        "hours_around": 1,
        "days": "sunday",
        "season": "all",
    }
    assert total(english) == pytest.approx(33.1 + 8.2 - 3.0 + 1.0 + 0.01 - 0.2 + 0.4)


@pytest.mark.parametrize(
    ("widening", "holiday", "french", "english"),
    [
        (0, False, "d'habitude à cette heure, un dimanche d'été", "usually at this hour on summer Sundays"),
        (
            1,
            False,
            "d'habitude vers cette heure, un dimanche d'été",
            "usually around this hour on summer Sundays",
        ),
        (
            2,
            True,
            "d'habitude vers cette heure, un dimanche ou un jour férié",
            "usually around this hour on Sundays and public holidays",
        ),
        (3, False, "d'habitude vers cette heure", "usually around this hour"),
    ],
)
def test_a_sentence_names_what_it_compares_with(
    widening: int, holiday: bool, french: str, english: str
) -> None:
    """As wide as the comparison is, and no narrower."""
    compared = replace(terms(), comparison=replace(SUNDAY, widening=widening, holiday=holiday))
    for options, words in ((FR, french), (EN, english)):
        reasons = ExplanationText(FEATURES, "min", options.language).wait(compared, options)["reasons"]
        assert f"(14 {words})" in reasons[1]


@pytest.mark.parametrize("comparison", [None, replace(SUNDAY, widening=-1, cases=0)])
def test_without_enough_cases_nothing_is_called_usual(comparison: Comparison | None) -> None:
    """No comparison, no number of one, in either language."""
    alone = replace(terms(), comparison=comparison, usual=[float("nan")] * 4)
    for options in (FR, EN):
        found = ExplanationText(FEATURES, "min", options.language).wait(alone, options)
        assert not re.search("habitude|usual|comme |the same", " ".join(found["reasons"]))
        assert found["compared_with"] is None


def test_a_week_ago_is_not_called_usual() -> None:
    """One value of a week ago is said to be that."""
    ago = replace(terms(), comparison=replace(SUNDAY, widening=-1, cases=0))
    for options, words in ((FR, "14 il y a une semaine"), (EN, "14 a week ago")):
        last_week = replace(options, reference="last_week")
        reasons = ExplanationText(FEATURES, "min", options.language).wait(ago, last_week)["reasons"]
        assert f"({words})" in reasons[1]
        assert not re.search("habitude|usual", " ".join(reasons))
        assert not re.search("prévu|forecast", " ".join(reasons))  # what was forecast then is not asked
        from_values = {
            "fr": "que le modèle donne, avant calibrage, pour les valeurs d'il y a une semaine\u00a0:",
            "en": "that the model gives, before calibration, for the values of a week ago:",
        }
        assert from_values[options.language] in reasons[0]


@pytest.mark.parametrize(
    ("waiting", "usual", "french", "english"),
    [
        (0.0, 2.0, "Aucun patient n'attend (2 d'", "No patient is waiting (2 usually"),
        (1.0, 0.0, "1 patient attend déjà (0 d'", "1 patient is already waiting (0 usually"),
        (2.0, 1.0, "2 patients attendent déjà (1 d'", "2 patients are already waiting (1 usually"),
        (3.0, 2.45, "3 patients attendent déjà (2,5 d'", "3 patients are already waiting (2.5 usually"),
        (3.0, 3.0, "3 patients attendent déjà (comme d'", "3 patients are already waiting (the same usually"),
    ],
)
def test_counts_have_their_plurals_and_none(waiting: float, usual: float, french: str, english: str) -> None:
    """One, two, none; a usual value with its decimal, or the same as now."""
    counted = ExplanationTerms([0], [waiting], [usual], [2.0], 0.0, 10.0, {}, None, SUNDAY)
    for options, words in ((FR, french), (EN, english)):
        reasons = ExplanationText(FEATURES, "min", options.language).wait(counted, options)["reasons"]
        assert reasons[1].startswith(words)


def test_the_same_is_said_once_and_nothing_where_nothing_is_unusual() -> None:
    """A change in beds and in percent share a sentence with both effects; effects of 0 leave one sentence."""
    features = (
        Feature("change_24h_share", "census", "Évolution, en part", "Change, as a share", "%"),
        Feature("demand_change_24h", "census", "Évolution", "Change", "beds"),
    )
    twice = ExplanationTerms([0, 1], [10.0, 3.0], [0.0, 0.2], [0.9, 0.6], 0.0, 33.0, {}, None, SUNDAY)
    reasons = ExplanationText(features, "beds", "fr").bed(twice, FR, 33.0)["reasons"]
    assert reasons[1:] == (
        "Le besoin a augmenté de 3\u00a0lits en 24 heures (+0,2\u00a0lit d'habitude vers cette heure, un dimanche)"
        "\u00a0: +1,5\u00a0lit",
    )
    against = replace(twice, contributions=[0.9, -0.9])
    reasons = ExplanationText(features, "beds", "fr").bed(against, FR, 33.0)["reasons"]
    assert reasons[1:] == ("Rien d'inhabituel",)


@pytest.mark.parametrize(
    ("change", "french", "english"),
    [
        (-10.0, "l'unité en perd 10 d'habitude", "the unit loses 10 usually"),
        (2.5, "l'unité en gagne 2,5 d'habitude", "the unit gains 2.5 usually"),
        (0.01, "l'unité n'en gagne ni n'en perd d'habitude", "the unit neither gains nor loses any usually"),
    ],
)
def test_beds_start_from_the_patients_now(change: float, french: str, english: str) -> None:
    """The patients now, and the change that the same cases had, whatever part of it which step brings."""
    parts = replace(terms(), base=133.0 + 3.0, adjustments={"unit_offset": change - 3.0, "calibration": 0.4})
    for options, words in ((FR, french), (EN, english)):
        told = ExplanationText(FEATURES, "beds", options.language).bed(parts, options, 133.0)
        assert told["reasons"][0].startswith("133 patients")
        assert words in told["reasons"][0]
    baseline = ExplanationText(FEATURES, "beds", "en").bed(terms("usual_change"), EN, 30.0)
    assert baseline["reasons"][0] == (
        "30 patients now, present or waiting for a bed; until then the unit gains 3.1 usually"
    )


@pytest.mark.parametrize(
    ("feature", "value", "usual", "said"),
    [
        (
            "free_then",
            0.0,
            9.8,
            "Autant de lits armés à l'heure visée que de lits nécessaires maintenant (+9,8",
        ),
        (
            "free_then",
            -11.0,
            0.01,
            "11 lits armés de moins à l'heure visée que de lits nécessaires maintenant (aucun écart",
        ),
        (
            "usual_then",
            26.0,
            0.0,
            "dépassait de 26\u00a0lits celui de maintenant (aucun écart d'habitude",
        ),
        (
            "above_usual",
            0.0,
            0.0,
            "Le besoin est celui des quatre dernières semaines à cette heure (comme d'habitude",
        ),
    ],
)
def test_a_difference_of_nothing_has_words(feature: str, value: float, usual: float, said: str) -> None:
    """Nobody reads "0 lit": neither of what is so, nor of what is usual."""
    one = ExplanationTerms([0], [value], [usual], [0.9], 0.0, 33.0, {}, None, SUNDAY)
    features = (Feature(feature, "census", "Écart", "Difference", "beds"),)
    (reason,) = ExplanationText(features, "beds", "fr").bed(one, FR, 33.0)["reasons"][1:]
    assert said in reason
    assert re.search(r"(?<![\d,])0\u00a0lit", reason) is None


@pytest.mark.parametrize(
    ("since", "said"),
    [(5.0, "Prévision faite 5\u00a0min après l'arrivée ("), (0.0, "Prévision faite dès l'arrivée (")],
)
def test_a_forecast_of_triage_says_when_it_is_of(since: float, said: str) -> None:
    """Who waits since two hours did not arrive five minutes ago: five minutes after arrival the forecast is made."""
    features = (Feature("minutes_since_arrival", "patient", "Minutes depuis l'arrivée", "Minutes", "min"),)
    one = ExplanationTerms([0], [since], [8.2], [-2.9], 0.0, 33.0, {}, None, SUNDAY)
    assert ExplanationText(features, "min", "fr").wait(one, FR)["reasons"][1].startswith(said)


def test_levels_have_no_usual_between_them() -> None:
    """A mean of triage levels is none: nobody is usually of level 3.8."""
    one = ExplanationTerms([1], [2.0], [3.8], [0.9], 0.0, 33.0, {}, None, SUNDAY)
    assert (
        ExplanationText(FEATURES, "min", "fr").wait(one, FR)["reasons"][1]
        == "Niveau de tri 2\u00a0: +0,9\u00a0min"
    )


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("baseline", [*WAIT_BASELINES, *BED_BASELINES])
def test_a_baseline_says_what_it_is(baseline: str, language: str) -> None:
    """Each of the baselines has words; that of the usual change is said by its parts."""
    options = FR if language == "fr" else EN
    explanation_text = ExplanationText(
        FEATURES, "min" if baseline in WAIT_BASELINES else "beds", options.language
    )
    told = (
        explanation_text.wait(terms(baseline), options)
        if baseline in WAIT_BASELINES
        else explanation_text.bed(terms(baseline), options, 30.0)
    )
    first = told["reasons"][0]
    shown = 3.1 if baseline == "usual_change" else 33.1  # the change, beside the beds needed now
    assert re.search(rf"(?<![\d.,]){re.escape(short_number(shown, options.language))}(?!\d)", first)
    assert ("baseline" in first.lower() or "référence" in first.lower()) == (baseline != "usual_change")


def test_many_values_do_not_fill_the_memory() -> None:
    """Words of values are kept, and not without end; they are the same when they are made again."""
    explanation_text = ExplanationText(FEATURES, "min", "en")
    first = explanation_text.wait(terms(), EN)
    for i in range(3_000):
        explanation_text.wait(ExplanationTerms([0], [i + 0.5], [1.0], [1.0], 0.0, 0.0, {}), EN)
    assert len(explanation_text._words[0]._known) <= 512
    assert explanation_text.wait(terms(), EN) == first


@pytest.mark.parametrize(
    ("hours", "french", "english"),
    [
        (8, "d'ici 23\u00a0h\u00a000", "by 23:00"),
        (32, "d'ici demain 23\u00a0h\u00a000", "by tomorrow 23:00"),
        (56, "d'ici mercredi 23\u00a0h\u00a000", "by Wednesday 23:00"),
        (8 + 7 * 24, "d'ici le 15/01/2024 à 23\u00a0h\u00a000", "by 2024-01-15 23:00"),
    ],
)
def test_until_when_is_said_by_the_hospitals_clock(hours: int, french: str, english: str) -> None:
    """From Monday 8 January 2024, 15:00 in Paris: today, tomorrow, a day of this week, a date."""
    at = int(np.datetime64("2024-01-08T14:00", "us").astype(np.int64))
    for language, words in (("fr", french), ("en", english)):
        assert until_words(at, at + hours * HOUR, ZoneInfo("Europe/Paris"), language) == words  # type: ignore[arg-type]


def test_sundays_and_holidays_are_compared_with_both() -> None:
    """Easter and its Monday, not the Tuesday; where no holidays are known, no Sunday is compared with one."""
    days = np.array(["2024-03-31T10:00", "2024-04-01T10:00", "2024-04-02T10:00"], "datetime64[us]")
    at = days.astype(np.int64)
    assert holidays(at, Place(ZoneInfo("Europe/Paris"))).tolist() == [True, True, False]
    assert not holidays(at, Place(ZoneInfo("UTC"))).any()


TWICE = (
    Feature("change_24h_share", "census", "Évolution, en part", "Change, as a share", "%"),
    Feature("demand_change_24h", "census", "Évolution", "Change", "beds"),
    Feature("staffed_then", "planned", "Lits armés", "Staffed beds", "beds"),
)


@pytest.mark.parametrize("hospital", [False, True])
def test_a_subject_is_said_whole_where_only_one_of_its_features_is_shown(hospital: bool) -> None:
    """The effect of the feature that is not shown is in the sentence, and no longer in all other factors."""
    shown = ExplanationTerms(
        columns=[0],
        values=[10.0],
        usual=[0.0],
        contributions=[0.9],
        other=0.6 + 0.4,
        base=33.0,
        adjustments={},
        comparison=SUNDAY,
        partners=[Partner(1, 3.0, 0.2, 0.6)],
    )
    if hospital:
        reasons = HospitalExplanationText(TWICE, "fr").explanation(shown, FR, 33.0)["reasons"]
    else:
        reasons = ExplanationText(TWICE, "beds", "fr").bed(shown, FR, 33.0)["reasons"]
    assert reasons[1:] == (
        "Le besoin a augmenté de 3\u00a0lits en 24 heures (+0,2\u00a0lit d'habitude vers cette heure, un dimanche)"
        "\u00a0: +1,5\u00a0lit",
        "Tous les autres facteurs\u00a0: +0,4\u00a0lit",
    )


def test_features_that_cancel_out_are_nothing_unusual() -> None:
    """Whether both are shown or one of them is among the others: the sum is what is said, and it is nothing."""
    hidden = ExplanationTerms(
        [0], [10.0], [0.0], [0.9], -0.9, 33.0, {}, None, SUNDAY, partners=[Partner(1, 3.0, 0.2, -0.9)]
    )
    for options, nothing in ((FR, "Rien d'inhabituel"), (EN, "Nothing unusual")):
        text_of = ExplanationText(TWICE, "beds", options.language)
        assert text_of.bed(hidden, options, 33.0)["reasons"][1:] == (nothing,)
        total_text = HospitalExplanationText(TWICE, options.language)
        assert total_text.explanation(hidden, options, 33.0)["reasons"][1:] == (nothing,)


@pytest.mark.parametrize(
    ("change", "french", "english"),
    [
        (-10.0, "ses unités en perdent 10 d'habitude", "its units lose 10 usually"),
        (2.5, "ses unités en gagnent 2,5 d'habitude", "its units gain 2.5 usually"),
        (
            0.0,
            "ses unités n'en gagnent ni n'en perdent d'habitude",
            "its units neither gain nor lose any usually",
        ),
    ],
)
def test_the_hospital_total_starts_from_the_patients_now(change: float, french: str, english: str) -> None:
    """As a unit does, whatever part of the change the units' offsets bring; one patient is one."""
    parts = ExplanationTerms(
        [], [], [], [], 0.0, 136.0, {"unit_offset": change - 3.0, "mean_above_p50": 0.4}, None, SUNDAY
    )
    for options, words in ((FR, french), (EN, english)):
        texts = HospitalExplanationText(TWICE, options.language)
        reasons = texts.explanation(parts, options, 133.0, "d'ici demain 23\u00a0h")["reasons"]
        assert reasons[0].startswith("133 patients")
        assert "d'ici demain 23\u00a0h" in reasons[0]
        assert words in reasons[0]
        assert len(reasons) == 2  # the units' means above their medians
    one = HospitalExplanationText(TWICE, "fr").explanation(parts, FR, 1.0)["reasons"][0]
    assert one.startswith("1 patient maintenant")


def test_an_interaction_is_said_where_it_outweighs_the_smaller_of_its_two() -> None:
    """Of the features shown alone; as large as the smaller is not more; what would be shown as 0 is left out."""
    shown = ExplanationTerms(
        [2, 0, 3], [np.nan] * 3, [np.nan] * 3, [8.0, -2.0, 0.01], 0.0, 1.0, {}, None, None
    )
    pairs = np.zeros((4, 4))
    pairs[2, 0] = pairs[0, 2] = -1.25  # together -2.5, more than the 2 of column 0
    pairs[3, 2] = pairs[2, 3] = 0.02  # more than 0.01, and shown as 0
    pairs[1, 2] = pairs[2, 1] = 9.0  # column 1 is not shown
    assert outweighing(shown, pairs) == ((2, 0, -2.5),)
    pairs[2, 0] = pairs[0, 2] = 1.0
    assert outweighing(shown, pairs) == ()
    pairs[3, 0] = pairs[0, 3] = 0.5
    pairs[2, 0] = pairs[0, 2] = -1.5
    assert outweighing(shown, pairs) == ((2, 0, -3.0), (0, 3, 1.0))


def test_an_interaction_has_a_sentence_and_is_no_further_reason() -> None:
    """It is within what is said already: the reasons add up without it."""
    told = replace(terms(), interactions=((0, 3, -2.5),))
    for options, sentence in (
        (
            FR,
            "Compris dans ce qui précède, «\u00a0Patients en attente\u00a0» et «\u00a0Heure\u00a0» "
            "l'un avec l'autre\u00a0: −2,5\u00a0min",
        ),
        (EN, "Within the above, “Patients waiting” and “Hour” one with the other: −2.5\u00a0min"),
    ):
        found = ExplanationText(FEATURES, "min", options.language).wait(told, options)
        (one,) = found["interactions"]
        assert one == {"features": ("ed_waiting", "hour"), "contribution": -2.5, "sentence": sentence}
        plain = ExplanationText(FEATURES, "min", options.language).wait(terms(), options)
        assert "interactions" not in plain
        assert found["reasons"] == plain["reasons"]
        assert total(found) == total(plain)


@pytest.mark.parametrize(
    ("feature", "value", "french", "english"),
    [
        ("holiday", 0.0, "Ce n'est pas un jour férié", "It is no public holiday"),
        ("holiday", 1.0, "C'est un jour férié", "It is a public holiday"),
        ("target_school_holiday", 1.0, "Le jour visé est pendant", "The day ahead is during"),
    ],
)
def test_what_is_so_or_not_is_a_sentence(feature: str, value: float, french: str, english: str) -> None:
    """And no label with a yes or a no behind it."""
    of = Feature(feature, "calendar", "Jour", "Day")
    one = replace(terms(), columns=[0], values=[value], usual=[0.0], contributions=[2.0], other=0.0)
    for options, beginning in ((FR, french), (EN, english)):
        reasons = ExplanationText((of,), "min", options.language).wait(one, options)["reasons"]
        assert any(reason.startswith(beginning) for reason in reasons), reasons


def test_of_the_hospital_total_no_unit_is_spoken_of_as_if_it_were_one() -> None:
    """Patients wait for a bed of a unit, and shares of units' levels have no sum."""
    features = (
        Feature("waiting_for_bed", "flow", "En attente", "Waiting", "patients"),
        Feature("above_week_share", "census", "Écart", "Above", "%"),
        Feature("unit", "calendar", "Unité", "Unit", levels=("A", "B")),
    )
    told = replace(
        terms(),
        columns=[0, 1, 2],
        values=[6.0, float("nan"), float("nan")],
        usual=[2.0, float("nan"), float("nan")],
        contributions=[3.0, 2.0, 1.0],
    )
    french = HospitalExplanationText(features, "fr").explanation(told, FR, 30.0)["reasons"]
    english = HospitalExplanationText(features, "en").explanation(told, EN, 30.0)["reasons"]
    for reasons, beginnings in (
        (french, ("6 patients attendent un lit d'une unité", "Écart de chaque unité", "Ce qui est propre à")),
        (english, ("6 patients wait for a bed of a unit", "Each unit against its", "What is particular to")),
    ):
        for beginning in beginnings:
            assert sum(reason.startswith(beginning) for reason in reasons) == 1, reasons


def test_a_mean_between_two_levels_of_urgency_is_not_shown() -> None:
    """Triage 1 beside "3.6 usually" says nothing; beside a level that is one it does."""
    words = FeatureWords(FEATURES[1], "en")
    assert words.compared(1.0, 3.6, "usually at this hour")[2] == "triage level 1"
    assert words.compared(1.0, 4.0, "usually at this hour")[2] == "triage level 1 (4 usually at this hour)"


@pytest.mark.parametrize(
    ("language", "said", "unknown"),
    [
        (
            "fr",
            "Aucun patient n'attend, aucune attente en cours (28\u00a0min d'habitude",
            "inconnu",
        ),
        ("en", "No patient is waiting, no wait so far (28\u00a0min usually", "unknown"),
    ],
)
def test_where_nobody_waits_their_mean_wait_is_not_unknown(
    language: Language, said: str, unknown: str
) -> None:
    """It is known that nobody does; where that is not known, the value is said to be unknown."""
    features = (
        Feature("ed_mean_wait_so_far", "crowding", "Attente moyenne en cours", "Mean wait so far", "min"),
        FEATURES[0],
    )
    one = ExplanationTerms(
        columns=[0], values=[float("nan")], usual=[28.0], contributions=[-3.0], other=0.0, base=30.0,
        adjustments={}, comparison=SUNDAY, nobody_waits=True,
    )  # fmt: skip
    text, options = ExplanationText(features, "min", language), ExplainOptions(6, "typical", language)
    known = text.wait(one, options)
    assert known["reasons"][1].startswith(said)
    assert unknown not in " ".join(known["reasons"])
    assert known["contributions"][0]["value"] is None  # for applications there is no such mean
    assert unknown in text.wait(replace(one, nobody_waits=False), options)["reasons"][1]
    both = replace(
        one, columns=[1, 0], values=[0.0, float("nan")], usual=[14.0, 28.0], contributions=[-5.0, -3.0]
    )
    nobody = text.wait(both, options)["reasons"][1:]
    assert len(nobody) == 1  # one sentence: nobody waits
    assert "8" in nobody[0].split(": " if language == "en" else "\u00a0: ")[-1]

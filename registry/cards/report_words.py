"""The words of reports, (French, English): verdicts, gates, metrics, groups, and what each finding asks to be done."""

from registry.model.hospital_total import HOSPITAL

__all__ = ["ADVICE", "BLOCKED", "GATES", "GROUPS", "LACKING", "METRICS", "VERDICTS"]

VERDICTS = {
    "pass": ("passe", "pass"),
    "not applicable": ("sans objet", "not applicable"),
    "inconclusive": ("non concluant", "inconclusive"),
    "block": ("bloqué", "blocked"),
}
GATES = {
    "contract": ("Contrat", "Contract"),
    "explanation": ("Explications", "Explanations"),
    "accuracy": ("Exactitude", "Accuracy"),
    "calibration": ("Calibration", "Calibration"),
    "fairness": ("Équité", "Fairness"),
    "drift": ("Dérive", "Drift"),
    "efficiency": ("Sobriété", "Efficiency"),
}
METRICS = {
    "gain_over_baseline": ("gain sur la meilleure prévision de référence", "gain over the best baseline"),
    "against_current": ("face à la version en service", "against the version in use"),
    "coverage": ("part dans p10–p90", "share within p10–p90"),
    "below_p10": ("part sous p10", "share below p10"),
    "above_p90": ("part au-dessus de p90", "share above p90"),
    "share_above_p50": ("part sous-estimée, écart aux autres", "share under-predicted, gap to the others"),
    "share_above_p50_worst_case": (
        "part sous-estimée, pire cas des censurés",
        "share under-predicted, worst case",
    ),
    "log_error": ("erreur relative, écart aux autres", "relative error, gap to the others"),
    "relative_bias": ("lits manquants, part de la demande", "beds under-predicted, share of demand"),
    "outside_interval": ("part hors de p10–p90, en trop", "share outside p10–p90, in excess"),
    "volume_shift": ("écart du nombre d'arrivées", "shift of arrivals"),
    "correlation_shift": ("écart de corrélation", "shift of a correlation"),
    "bias_shift": ("biais des dernières semaines", "bias of the last weeks"),
    "error_rise": ("hausse de l'erreur", "rise of the error"),
    "diebold_mariano": ("statistique de Diebold-Mariano", "Diebold-Mariano statistic"),
    "mean_outcome": ("valeur moyenne observée", "mean outcome"),
    "bias": ("erreur signée", "signed error"),
    "absolute_error": ("erreur absolue", "absolute error"),
    "shift": ("écart des dernières semaines (écarts-types)", "shift of the last weeks (standard deviations)"),
    "missing_shift": ("hausse des valeurs manquantes", "rise of missing values"),
    "additivity": ("écart d'additivité", "additivity gap"),
    "predictions_off": ("prévisions qui diffèrent de XGBoost", "predictions that differ from XGBoost's"),
    "difference_from_reference": ("écart à XGBoost et à shap", "difference from XGBoost and shap"),
    "adjustment_share": ("part des ajustements", "share of adjustments"),
    "scope": ("périmètre de confiance", "trusted scope"),
    "history_days": ("jours d'historique", "days of history"),
    "attribute": ("attribut", "attribute"),
    "unknown_share": ("part sans cet attribut", "share without this attribute"),
    "package_files_refused": ("fichiers refusés dans le paquet", "files refused in the package"),
    "infinite_features": ("variables infinies", "infinite features"),
    "crossing_quantiles": ("quantiles qui se croisent", "crossing quantiles"),
    "forecasts_differ": ("prévisions recalculées différentes", "recomputed forecasts that differ"),
    "outcomes_differ": ("résultats différents", "outcomes that differ"),
    "baselines_differ": ("prévisions de référence différentes", "baselines that differ"),
    "rows_differ": ("lignes différentes", "rows that differ"),
    "other_feature_definitions": ("autres définitions des variables", "other feature definitions"),
    "split_parts_overlap": ("parties qui se recouvrent", "parts that overlap"),
    "rows_duplicated": ("lignes répétées", "repeated rows"),
    "rows_out_of_time": ("lignes hors de leur temps", "rows out of their time"),
    "weights_wrong": ("poids impossibles", "impossible weights"),
    "forecasts_missing": ("prévisions absentes", "missing forecasts"),
    "outcomes_missing": ("résultats absents", "missing outcomes"),
    "inputs": ("entrées", "inputs"),
    "stability": ("part des raisons que 20 réajustements déplacent", "share of reasons that 20 refits move"),
    "rank_agreement": ("accord de rang des groupes de variables", "rank agreement of groups of features"),
    "explanation_shift": (
        "raisons portées autrement que par la version en service",
        "reasons carried otherwise",
    ),
    "proxy_share": ("part des raisons qui trahissent l'attribut", "share of reasons that tell the attribute"),
    "proxy_area": ("aire sous la courbe de cette raison seule", "area under the curve of this reason alone"),
    "attribute_area": (
        "aire sous la courbe, toutes raisons ensemble",
        "area under the curve, all reasons together",
    ),
    "efficiency": ("coût", "cost"),
    "package_megabytes": ("taille du paquet (Mo)", "size of the package (MB)"),
    "answer_milliseconds": ("une réponse (ms, médiane)", "one answer (ms, median)"),
    "answers_watt_hours": ("1 000 réponses (Wh, estimé)", "1,000 answers (Wh, estimated)"),
    "training_watt_hours": ("entraînement (Wh, estimé)", "training (Wh, estimated)"),
    "cost_ratio": ("multiple de la version en service", "multiple of the version in use"),
    "leakage": ("fuites", "leakage"),
    "later_rows_dropped": (
        "lignes qui changent sans ce qui fut reçu après",
        "rows that change without what came later",
    ),
    "later_rows_shuffled": (
        "lignes qui changent si ce qui fut reçu après est mélangé",
        "rows that change when what came later is shuffled",
    ),
    "hindsight_changed": ("passages qui connaissent leur suite", "visits that know what followed"),
    "excess_correlation": (
        "lien à son propre résultat, au-delà de celui du voisin",
        "link to its own outcome beyond a neighbour's",
    ),
    "features": ("variables", "features"),
    "files_executable": ("fichiers exécutables dans le paquet", "executable files in the package"),
    "features_undefined": ("variables définies autrement", "features defined otherwise"),
    "features_absent": ("variables absentes", "absent features"),
    "beyond_training": ("valeurs hors de ce qui fut appris", "values outside what was learned"),
}
ADVICE = {
    "too_few_rows": (
        "Trop peu de lignes jugées : attendre plus de données.",
        "Too few judged rows: wait for more data.",
    ),
    "too_few_blocks": (
        "Trop peu de semaines indépendantes : cet horizon sort du périmètre.",
        "Too few independent weeks: this horizon leaves the scope.",
    ),
    "too_few_weeks": (
        "Trop peu de semaines indépendantes pour trancher : apporter un historique plus long.",
        "Too few independent weeks to decide: bring a longer history.",
    ),
    "too_few_days": (
        "Trop peu de jours : apporter un historique plus long.",
        "Too few days: bring a longer history.",
    ),
    "needs_more_rows": (
        "Groupe trop petit pour être jugé : il est listé.",
        "The group is too small to be judged: it is listed.",
    ),
    "empty_scope": (
        "Aucune unité ni horizon ne bat la prévision de référence : réentraîner, ou servir la prévision de référence.",
        "No unit or horizon beats the baseline: retrain, or serve the baseline.",
    ),
    "no_horizon_left": (
        "Aucun horizon ne peut être jugé : apporter un historique plus long.",
        "No horizon can be judged: bring a longer history.",
    ),
    "first_release": (
        "Première version : rien à quoi la comparer.",
        "First release: nothing to compare it with.",
    ),
    "shift_below_effect": ("Écart réel mais faible : à surveiller.", "A real but small shift: watch it."),
    "uncertain_shift": ("Écart possible : attendre quelques semaines.", "A possible shift: wait some weeks."),
    "season_unknown": (
        "Peut être une saison que l'historique n'a pas encore montrée : attendre une année complète.",
        "It may be a season that the history has not shown yet: wait for a whole year.",
    ),
    "only_one_group": (
        "Un seul groupe dans les données : personne à qui le comparer.",
        "Only one group in the data: nobody to compare it with.",
    ),
    "attribute_missing": (
        "Attribut absent des données : non jugé.",
        "The data lack this attribute: not judged.",
    ),
    "attribute_unknown": (
        "Attribut trop souvent inconnu : le renseigner avant de juger.",
        "The attribute is too often unknown: record it before judging.",
    ),
    "missing_group": (
        "Groupe présent avant et presque absent des lignes jugées : chercher pourquoi.",
        "A group that was there before is nearly absent from the judged rows: find out why.",
    ),
    "constant_outcome": ("Résultats constants : rien à juger.", "Constant outcomes: nothing to judge."),
    "not_a_number": (
        "La mesure n'est pas un nombre : vérifier les données.",
        "The measure is no number: check the data.",
    ),
    "short_history": (
        "Historique plus court que demandé par la politique.",
        "Shorter history than the policy asks for.",
    ),
    "no_inputs": ("Aucune entrée à comparer.", "No input to compare."),
    "refits_failed": (
        "Les réajustements n'ont pas abouti : refaire vigie check ; si cela persiste, réentraîner.",
        "The refits did not come through: run vigie check again; if it persists, train again.",
    ),
    "unstable": (
        "Avec d'autres semaines du même hôpital, les raisons seraient autres : apporter plus de données, simplifier.",
        "With other weeks of the same hospital the reasons would be others: bring more data, or a simpler model.",
    ),
    "reasons_moved": (
        "Les raisons ne sont plus portées comme avant : le dire à ceux qui les lisent.",
        "The reasons are no longer carried as before: tell those who read them.",
    ),
    "other_reasons": (
        "Ce n'est plus le même modèle : chercher ce qui porte les prévisions, le soumettre comme un nouveau modèle.",
        "This is another model: find out what carries its forecasts, propose it as a new one.",
    ),
    "baseline_before": (
        "La version en service est une prévision de référence, sans raisons à comparer.",
        "The version in use is a baseline, without reasons to compare with.",
    ),
    "proxy": (
        "Ces variables disent l'attribut sous un autre nom : les retirer, ou justifier chacune devant le comité.",
        "These features are the attribute by another name: leave them out, or justify each to the board.",
    ),
    "stated": (
        "La politique dit l'attribut donné ouvertement au modèle : les raisons le nomment.",
        "The policy says that the attribute is openly given to the model: reasons name it.",
    ),
    "proxy_reported": (
        "Une variable au moins trahit l'attribut, avec un faible poids : à surveiller.",
        "At least one feature tells the attribute, with little weight: watch it.",
    ),
    "over_budget": (
        "Au-delà du budget de la politique : moins d'arbres, moins d'essais, ou un budget que le comité justifie.",
        "Beyond the policy's budget: fewer trees, fewer trials, or a budget that the board justifies.",
    ),
    "over_cost_ratio": (
        "Coûte bien plus que la version en service : montrer ce que cela apporte, ou alléger le modèle.",
        "Costs far more than the version in use: show what that brings, or make the model lighter.",
    ),
    "energy_unknown": (
        "L'énergie n'a pas été mesurée à l'entraînement : réentraîner avec cette version de Vigie.",
        "The energy was not measured in training: train again with this version of Vigie.",
    ),
    "not_probed": (
        "Non mesuré : refaire vigie check avec cette version de Vigie.",
        "Not measured: run vigie check again with this version of Vigie.",
    ),
    "looks_ahead": (
        "Une variable connaît ce qui n'était pas encore reçu : ne pas utiliser cette version, corriger la variable.",
        "A feature knows what had not been received yet: do not use this version, correct the feature.",
    ),
    "leak": (
        "Cette variable connaît le résultat : vérifier quand elle est saisie, la retirer ou dater sa réception, "
        "réentraîner.",
        "This feature knows the outcome: check when it is written down, leave it out or date its reception, retrain.",
    ),
    "possible_leak": (
        "Cette variable suit peut-être le résultat : vérifier quand elle est saisie.",
        "This feature may follow the outcome: check when it is written down.",
    ),
    "settled_before": (
        "La politique la dit fixée avant l'attente : elle peut suivre le résultat.",
        "The policy says that it is settled before the wait: it may follow the outcome.",
    ),
    "executable": (
        "Le paquet contient ce qui pourrait s'exécuter : ne pas l'utiliser.",
        "The package holds what could be run: do not use it.",
    ),
    "feature_absent": (
        "Une variable apprise n'est plus dans les données : la rétablir, ou réentraîner sans elle.",
        "A feature that was learned is no longer in the data: bring it back, or train again without it.",
    ),
    "other_unit": (
        "Presque toutes ses valeurs sortent de ce qui fut appris : vérifier l'unité de mesure et la correspondance.",
        "Nearly all its values lie outside what was learned: check the unit of measure and the mapping.",
    ),
}
BLOCKED = {
    "contract": (
        "Le recalcul ne retrouve pas ce qui a été déclaré : réentraîner depuis les données scellées.",
        "What was reported is not what a check finds: train again from the sealed data.",
    ),
    "explanation": (
        "Les explications ne sont pas exactes : ne pas utiliser cette version.",
        "The explanations are not exact: do not use this version.",
    ),
    "accuracy": ("Réentraîner, ou réduire le périmètre.", "Retrain, or lower the scope."),
    "calibration": (
        "Les intervalles sont trop étroits ou trop larges : recalibrer sur des données récentes.",
        "Intervals are too narrow or too wide: calibrate on recent data.",
    ),
    "fairness": (
        "Ce groupe se voit annoncer moins qu'il n'attend : chercher pourquoi avant toute mise en service.",
        "This group is told to expect too little: find out why before any release.",
    ),
    "efficiency": (
        "Alléger le modèle, ou faire justifier le budget par le comité.",
        "Make the model lighter, or have the board justify the budget.",
    ),
    "drift": (
        "L'hôpital des dernières semaines n'est plus celui qui a été appris : réentraîner avec elles.",
        "The hospital of the last weeks is not the one that was learned: retrain with them.",
    ),
}
GROUPS = {
    "package_megabytes": ("taille", "size"),
    "answer_milliseconds": ("temps de réponse", "answer time"),
    "answers_watt_hours": ("énergie des réponses", "energy of answers"),
    "training_watt_hours": ("énergie d'entraînement", "energy of training"),
    "all": ("tous", "all"),
    "short": ("jusqu'à 24 h", "up to 24 h"),
    HOSPITAL: ("total de l'établissement", "hospital total"),
    "long": ("au-delà de 24 h", "beyond 24 h"),
    "sex=F": ("femmes", "women"),
    "sex=M": ("hommes", "men"),
    "arrivals": ("arrivées", "arrivals"),
    "forecast_error": ("erreur des prévisions", "forecast error"),
}
LACKING = {
    "needs_more_rows": (
        "Groupe listé, non jugé : il manque environ {n} lignes.",
        "Listed, not judged: needs about {n} more rows.",
    ),
    "needs_more_weeks": (
        "Groupe listé, non jugé : il varie trop d'une semaine à l'autre, il faudrait environ {n} semaines de plus.",
        "Listed, not judged: it varies too much from week to week, about {n} more weeks are needed.",
    ),
}

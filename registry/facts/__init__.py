"""Facts that a check makes and gates judge: probes, refits, costs, exactness of explanations.

Door: `leakage_probes.leakage_facts`, `stability_facts`, `explanation_facts`, `contract_facts`.
"""

"""Labels of units: exchanged, taken over, given to the sum of others; who goes from one to the next.

Door: `unit_labels.label_findings`, `plan_labels.plan_label_findings`, `unit_copies.unit_copy_findings` and
`handovers.handovers`, of which the findings of that module are made.
"""

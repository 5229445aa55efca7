"""How probably somebody in the emergency department is admitted: what is known of them then, and the hospital's rates.

Door: `inputs.input_classes`, `snapshots.snapshots_of`, `rates.learn_admission_rates`.
"""

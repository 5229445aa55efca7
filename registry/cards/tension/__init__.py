"""What report and card say of probabilities of events: how good they are, and what answers with them.

Door: `event_figures.event_figures`, `admission_figures.admission_figures`, `admission_section.Admission`.
"""

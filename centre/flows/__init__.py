"""The three flows of a hospital at an instant: emergency, beds, theatres. Counts of what was received, no forecast.

What a hospital does not send is not known (None), and never 0.

Door: `hospital.flows_of`, `answers.FlowsAnswer`.
"""

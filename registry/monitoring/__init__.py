"""What is followed after a release: daily figures, sequential tests with a known false-alarm rate.

Door: `run.look`, `acknowledgement.clear_alarm`, `retraining_due.due`, `alarms.standing`.
"""

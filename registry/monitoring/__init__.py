"""What is monitored after a release: daily figures, sequential tests with a known false-alarm rate.

Door: `run.look`, `acknowledgement.acknowledge_alarm`, `retraining_due.due`, `alarms.standing`.
"""

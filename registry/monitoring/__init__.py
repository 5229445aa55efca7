"""What is monitored after a release: daily figures, sequential tests with a known false-alarm rate.

Door: `run.run_monitoring`, `acknowledgement.acknowledge_alarm`, `retraining_due.due`, `alarms.standing`.
"""

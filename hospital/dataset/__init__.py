"""From the record to rows with outcomes, split in the order of time, beside the baselines' forecasts.

Door: `samples`, `splits.split_history`, `baselines`.
"""

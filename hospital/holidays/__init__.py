"""Public holidays by country and region, school holidays by zone: what is known of a day, and unknown where it is not.

Door: `place.Place`, `public_holidays.is_holiday`, `school_holidays.school_days`.
"""

"""Whether 80 % intervals hold where it is hard: in each unit, at each part of the day, after a level has changed."""

"""Hours of the day and days of the week: heaped, silent, without a column, or those of another clock.

Door: `heaps.heap_findings`, `silent_hours.silent_hour_findings`, `column_hours.column_hour_findings` and
`unit_clocks.unit_clock_findings`.
"""

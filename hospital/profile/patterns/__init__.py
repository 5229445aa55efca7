"""What a person who knows hospitals sees in their tables: hours, days, labels and clocks that cannot be as they are.

Door: `findings.pattern_findings`.
"""

"""Two versions of a model side by side on rows that neither was trained on.

Door: `comparison.compare`, `comparison_table.print_comparison`.
"""

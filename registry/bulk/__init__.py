"""Explains every row of a hospital's tables into one Parquet file, in bounded memory.

Door: `run.explain_all`.
"""

"""Mapping files: what brings a hospital's own tables to the contracts without code.

Door: `mapping_file.load_mapping`.
"""

"""The data contracts: one table of columns, and what reads a file's or a request's rows by it.

Door: `tables.TABLES`, `request_models.validate_rows`, `file_schemas.validate`.
"""

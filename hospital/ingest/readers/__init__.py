"""One reader for each kind of file: from bytes to named cells, cleaned alike, before they mean anything.

Door: `csv_cells.csv_chunks`, `spreadsheets.read_sheet`, `rpu_export.read_rpu`, `cell_cleaning.clean`.
"""

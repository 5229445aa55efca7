"""Model files and rows as others write them: what a tree ensemble is, whichever library wrote it, without that library.

Door: `reading.read_model`, `ensemble.Ensemble`, `objects.bytes_of`, `rows.RowReader`.
"""

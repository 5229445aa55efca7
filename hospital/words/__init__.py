"""What people read, in French and English: every text, with its plural, and how numbers and dates are written.

Texts lie in ``texts/``, a file a subject. A file, like Babel's data of a language, is read when it is first needed.

Door: `catalogue.text`, `formats.number`, `language.Language`.
"""

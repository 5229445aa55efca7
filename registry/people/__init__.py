"""People: what serves as a person's name, and which spellings are one person.

Door: `person_names.is_person_name`, `person_names.same_person`.
"""

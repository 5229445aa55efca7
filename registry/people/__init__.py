"""People: what serves as a person's name, which spellings are one person, and the files of their private keys.

Door: `person_names.is_person_name`, `person_names.same_person`, `private_keys.read_pem`.
"""

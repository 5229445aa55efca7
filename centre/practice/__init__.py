"""Practice: protocols that were validated, the skills they ask for, and who holds those until when.

Door: `protocol_file.read_protocol`, `protocol_search.ProtocolIndex`, `skill_register.SkillRegister`,
`skill_coverage.coverage`, `read_receipts.reading_list`, `protocol_store.ProtocolStore`.
"""

"""Policies of decisions for tests: three people, two units, one required training."""

__all__ = ["policy_text", "registered_text"]

_TEXT = """
version = 3
shift_starts = ["07:00", "14:00", "21:00"]
most_a_shift = {most}
decide_within_minutes = 60
four_eyes_levels = [{four_eyes}]

[[reasons]]
code = "known_better"
title = {{ fr = "Information que la prévision n’a pas", en = "Information that the forecast lacks" }}

[[reasons]]
code = "as_recommended"
title = {{ fr = "Conforme au protocole", en = "As the protocol says" }}

[[deciders]]
person = "Head nurse A"
identities = ["the operator", "phone of A"]
roles = ["Cadre de garde"]
units = ["U1", "U3"]

[[deciders]]
person = "Head nurse B"
identities = ["the admin"]
roles = ["Cadre de garde"]
units = ["*"]

[[deciders]]
person = "Head nurse C"
roles = ["Cadre de garde"]
units = ["U2"]

[[required_trainings]]
role = "Cadre de garde"
trainings = ["crisis-lead"]

[[trainings_held]]
person = "Head nurse A"
training = "crisis-lead"
until = {until}

[[trainings_held]]
person = "Head nurse B"
training = "crisis-lead"

[[trainings_held]]
person = "Head nurse C"
training = "crisis-lead"
{more}
"""


def registered_text() -> str:
    """The policy in which trainings of Head nurse A stand in the skill register, under ``p-17``."""
    listed = """
[[trainings_held]]
person = "Head nurse A"
training = "crisis-lead"
until = 2026-12-31
"""
    text = policy_text()
    assert listed in text
    return text.replace(listed, "").replace("identities = [", 'pseudonym = "p-17"\nidentities = [', 1)


def policy_text(most: int = 6, four_eyes: str = "", until: str = "2026-12-31", more: str = "") -> str:
    """A policy in TOML."""
    return _TEXT.format(most=most, four_eyes=four_eyes, until=until, more=more)

"""Decisions on recommendations: what acts add up to, what stands, and how often people were right to overrule.

One replay and one rule, for pages, cards, programs and `vigie monitor` alike.

Door: `state_machine.replayed`, `overrides.standing_decisions`, `overrides.overrides`.
"""

"""How well oversight works: alarm fatigue, what people overrule and how often rightly, and what was wrong and accepted.

Door: `figures.OversightFigures`, `acceptance_rate.acceptance_rates`.
"""

"""Facts that a check makes and gates judge: probes, refits, costs, exactness of explanations.

Door: one function a module, called by `registry.check.run`.
"""

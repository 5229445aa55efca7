"""The verbs of the command line, a module a group of them.

Door: `model_commands.app` and its like in each module, which the parser puts together.
"""

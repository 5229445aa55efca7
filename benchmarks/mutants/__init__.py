"""`make mutants`: does a test fail when a line of the statistics, the checks or the trust code is wrong?

The mutation operators are Cosmic Ray's, with a few more in its shape (`operators.py`); the runner is ours. Cosmic
Ray's own writes each mutant into the working tree (a run that is stopped may leave one there) and starts Python anew
for each, which costs more here than the tests do. mutmut forks, but mutates only the bodies of functions that carry
no decorator: no constant of a module, no property and no default, which is where half of a gate's numbers stand.

Here nothing is written to the tree. Libraries, and those of our modules that do not depend on the mutated one, are
imported once; each mutant is a fork in which an import hook gives its source to Python. Only Python is mutated, not
the C of `explain/native`, nor annotations, decorators and texts that nothing compares. Tests that start processes do
not see a mutant: what only they would notice survives.
"""

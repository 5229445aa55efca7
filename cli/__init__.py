"""The command line: one verb a job, in `cli.commands` a module for each group of verbs.

Door: `main.main`.

A verb imports what it needs when it runs, inside its function, and nothing else of Vigie: `vigie --help`, a shell's
completion and a wrong option would otherwise wait for the libraries of training (docs/adr/0011-the-command-line.md).
No import stands in a function for any other reason.
"""

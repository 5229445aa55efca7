"""How a check has what needs fitting made: the command of the child process, handed down by whoever starts a check.

The registry stands below training and cannot import it; this file is all that a caller needs, and loads nothing else.
"""

import sys

__all__ = ["REFITS"]

REFITS = (sys.executable, "-m", "training.refits.refit_process")
"""`training.refits.refit_process`; the folder of the request follows."""

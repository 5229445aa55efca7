"""`python -m cli`: the command line without the installed `vigie`, as child processes of Vigie start it."""

import sys

from cli.main import main

if __name__ == "__main__":
    sys.exit(main())

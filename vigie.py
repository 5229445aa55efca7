"""The command line of Vigie, from a clone: `python vigie.py VERB`. The verbs are in `cli/`."""

import sys

from cli.main import main

if __name__ == "__main__":
    sys.exit(main())

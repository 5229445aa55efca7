"""Makes or migrates the database of an installation, in a process of its own: `python -m serving.opening`.

`vigie serve` starts it while BentoML loads beside it. What is wrong is written to standard error, with exit code 1.
"""

import sys

from hospital.errors import VigieError
from registry.database import open_database
from registry.settings import Settings


def main() -> int:
    """Opens it once, as the environment says where it is."""
    try:
        open_database(Settings().database).dispose()
    except VigieError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Makes or migrates the database of an installation, in a process of its own: `python -m serving.database_setup`.

`vigie serve` starts it while BentoML loads beside it. What is wrong is written to standard error in a line.
"""

import os
import sys

from hospital.errors import VigieError

__all__ = ["CANNOT_OPEN"]

CANNOT_OPEN = 3
"""Exit code; 1 is Python's own, of what nobody foresaw."""


def main() -> int:
    """Opens it once, as the environment says where it is."""
    from registry.digests import PRIVATE
    from registry.record.database import open_database
    from registry.settings import Settings

    os.umask(PRIVATE)
    settings = Settings()
    try:
        open_database(settings.database).dispose()
    except VigieError as error:
        print(error.words(settings.language), file=sys.stderr)
        return CANNOT_OPEN
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

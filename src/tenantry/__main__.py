"""`python -m tenantry`."""

import sys

from tenantry.cli import main

if __name__ == "__main__":
    sys.exit(main())

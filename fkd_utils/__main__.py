"""python -m fkd_utils"""

import sys

from fkd_utils import cli

if __name__ == "__main__":
    sys.exit(cli.main())

"""python -m fkd_utils"""

import sys

from fkd_utils.cli import main

if __name__ == "__main__":
    sys.exit(main.main())

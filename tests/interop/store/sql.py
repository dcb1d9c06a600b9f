#!/usr/bin/env python3
"""Changes a SQLite file from outside, as a vandal would.

usage: tests/interop/store/sql.py FILE STATEMENT...

Prints the rows that the statements give, with | between columns.
"""

import sqlite3
import sys


def main():
    if len(sys.argv) < 3:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with sqlite3.connect(sys.argv[1]) as db:
        for statement in sys.argv[2:]:
            for row in db.execute(statement):
                print("|".join(str(value) for value in row))
    db.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

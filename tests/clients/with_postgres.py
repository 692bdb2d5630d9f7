#!/usr/bin/env python3
"""with_postgres.py PROGRAM [ARGUMENT...]: runs a test whose servers have their data in PostgreSQL, each in a database
of its own (server.py makes it)."""
import json
import os
import subprocess
import sys

from postgres import Postgres


def main():
    with Postgres() as database:
        place = json.dumps({"port": database.port, "password_file": str(database.password_file)})
        return subprocess.run(sys.argv[1:], check=False, env={**os.environ, "GRIDLOOM_POSTGRES": place}).returncode


if __name__ == "__main__":
    sys.exit(main())

"""What only a real Airflow shows: ``python -m tests.bench.airflow_real PYTHON… [--only MODULE]``.

Each PYTHON is the interpreter of an environment with one Airflow 3 release, installed from the package index:
``python3 -m venv af33 && af33/bin/pip install apache-airflow==3.3.2``. Exit status 1 where anything does not hold.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
from pathlib import Path

from tests.bench import airflow


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.airflow_real")
    parser.add_argument("python", nargs="+", type=Path)
    parser.add_argument("--only", default="", help="run just this module")
    asked = parser.parse_args(arguments)
    failed = 0
    for module in pkgutil.iter_modules(airflow.__path__):
        if asked.only not in ("", module.name):
            continue
        bench = importlib.import_module(f"{airflow.__name__}.{module.name}")
        for python in asked.python:
            began = time.monotonic()
            wrong = bench.run(python)
            failed += len(wrong)
            took = f"{time.monotonic() - began:.0f} s"
            print(f"{module.name}, {python}: {'holds' if not wrong else 'FAILS'} ({took})")
            for sentence in wrong:
                print(f"  {sentence}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

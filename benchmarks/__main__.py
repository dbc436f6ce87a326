"""Tables of what attorn takes, beside other tools: python -m benchmarks [TOPIC ...] [--quick]."""

from __future__ import annotations

import argparse
import os
import platform

import numpy as np


def main() -> None:
    """Run the benchmarks asked for, all by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "topics",
        nargs="*",
        choices=["exploring", "proof", "wall", "scaling", "explorer", "tracing", "downtime", "cluster", []],
        help="what to measure; all by default",
    )
    parser.add_argument("--quick", action="store_true", help="leave out what takes minutes")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    if not asked.topics or "exploring" in asked.topics:
        from benchmarks import exploring

        exploring.run(asked.quick)
    if not asked.topics or "proof" in asked.topics:
        from benchmarks import proof

        proof.run()
    if not asked.topics or "wall" in asked.topics:
        from benchmarks import wall

        wall.run(asked.quick)
    if not asked.topics or "scaling" in asked.topics:
        from benchmarks import scaling

        scaling.run(asked.quick)
    if not asked.topics or "explorer" in asked.topics:
        from benchmarks import explorer

        explorer.run()
    if not asked.topics or "tracing" in asked.topics:
        from benchmarks import tracing

        tracing.run(asked.quick)
    if not asked.topics or "downtime" in asked.topics:
        from benchmarks import downtime

        downtime.run(asked.quick)
    if not asked.topics or "cluster" in asked.topics:
        from benchmarks import cluster

        cluster.run(asked.quick)


if __name__ == "__main__":
    main()

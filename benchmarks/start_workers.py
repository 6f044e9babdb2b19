"""Start so many workers, wait until all are ready, and end them: ``… start_workers COUNT``."""

from __future__ import annotations

import sys

from harness.executors.worker import Worker


def main() -> None:
    """Do so with the number of the arguments."""
    workers = [Worker(()) for _ in range(int(sys.argv[1]))]
    for worker in workers:
        while not worker.ready:
            if (fault := worker.read()) is not None:
                sys.exit(f"a worker did not start: {fault}")
    for worker in workers:
        worker.end()


if __name__ == "__main__":
    main()

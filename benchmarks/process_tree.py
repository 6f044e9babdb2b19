"""Run a command, and print the processor time of it and of all its descendants: ``… process_tree COMMAND …``.

Orphans come to this process, which waits for all of them, so that none is left out.
"""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys

PR_SET_CHILD_SUBREAPER = 36
"""Of prctl(2)."""


def main() -> None:
    """Run the command of the arguments, and print seconds at the end of standard error."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with subprocess.Popen(sys.argv[1:]) as process:
        status = process.wait()
        while True:
            try:
                os.wait()
            except ChildProcessError:
                break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(used.ru_utime + used.ru_stime, file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()

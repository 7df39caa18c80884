"""Run the benchmarks as a worker of the suite runs: one thread, on the CPU."""

import os

from suite.measuring.environment import WORKER

os.environ.update(WORKER)  # before any framework is imported: libraries read it then

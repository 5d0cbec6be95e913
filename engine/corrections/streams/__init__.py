"""Kinesis event sources act on their settings.

AWS (Lambda Developer Guide, "Process Kinesis Data Streams records with Lambda"): every shard, or as many parts of it as
the parallelization factor says, is read for itself; batches are gathered by size, window and payload; what fails is
tried again, split, reported in part, and given up after so many retries or seconds, to an on-failure destination.
MiniStack reads all shards in one thread, knows no window, no limit and no destination, takes a partial failure for a
success, and reads a failed batch again for ever. Here the settings hold:

- `policy` is what happens to a batch after each attempt, without threads or services;
- `source` reads one part of one shard, and keeps its position;
- `mapping` is what a mapping's settings say, and where it starts;
- `workers` runs one thread for each part of each shard, in place of MiniStack's poller.
"""

from engine.corrections.streams import mapping, workers


def apply() -> None:
    mapping.apply()
    workers.apply()

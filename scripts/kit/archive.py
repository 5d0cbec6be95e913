"""The archive of a stream, as Firehose writes it: objects that hold records end to end, a record a line or not.

Firehose compresses, buffers, and takes aggregates apart (Firehose Developer Guide, "Data delivery format"); the local
engine writes an object for each record as it came. Both are read.
"""

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from kit.ports import Port
from kit.target import Target

from labkit.aggregation import deaggregate

GZIP = b"\x1f\x8b"
READERS = 8


class ArchiveReader:
    """Reads the objects behind a port; those that it has read are not read again, for they never change."""

    def __init__(self, target: Target, port: Port) -> None:
        self._s3 = target.client("s3")
        self._bucket, self._prefix = port["bucket"], port["prefix"]
        self._records: dict[str, list[str]] = {}

    def records(self) -> list[str]:
        """All records there are by now."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        new = [key for key in keys if key not in self._records]
        with ThreadPoolExecutor(READERS) as pool:
            self._records |= dict(zip(new, pool.map(self._read, new), strict=True))
        return [record for key in keys for record in self._records[key]]

    @property
    def objects(self) -> int:
        """How many objects were read."""
        return len(self._records)

    def _read(self, key: str) -> list[str]:
        return list(records_in(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()))


def records_in(data: bytes) -> Iterator[str]:
    """The records in an object."""
    if data.startswith(GZIP):
        data = gzip.decompress(data)
    aggregated = deaggregate(data)
    if aggregated is not None:
        yield from (record.data.decode(errors="replace") for record in aggregated)
        return
    text = data.decode(errors="replace")
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            newline = text.find("\n", at)  # no JSON: a record that ends with its line
            end = len(text) if newline < 0 else newline
        yield text[at:end]
        at = end

"""Several records in one record of a Kinesis stream, in the format of the Kinesis Producer Library (KPL).

Source: awslabs/amazon-kinesis-producer, aggregation-format.md: four magic bytes, a protobuf message, its MD5 digest.
Firehose and the Kinesis Client Library understand it as well; Lambda functions are given the record as it is.

    message AggregatedRecord { repeated string partition_key_table = 1;
                               repeated string explicit_hash_key_table = 2;
                               repeated Record records = 3; }
    message Record           { required uint64 partition_key_index = 1;
                               optional uint64 explicit_hash_key_index = 2;
                               required bytes data = 3; }
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MAGIC = b"\xf3\x89\x9a\xc2"
DIGEST_BYTES = 16
#: Kinesis API reference, PutRecordsRequestEntry: characters of a partition key.
MAX_KEY = 256

#: Protocol Buffers, "Encoding": the wire types, in the lowest three bits of a field's tag.
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


class UserRecord(NamedTuple):
    """A record as its producer made it."""

    key: str
    data: bytes


def aggregate(records: Sequence[UserRecord]) -> bytes:
    """The data of the one record that holds all of these, in their order."""
    places = {key: place for place, key in enumerate(dict.fromkeys(record.key for record in records))}
    keys = b"".join(_field(1, key.encode()) for key in places)
    body = keys + b"".join(_field(3, _record(places[record.key], record.data)) for record in records)
    return MAGIC + body + hashlib.md5(body, usedforsecurity=False).digest()


def size_bound(record: UserRecord) -> int:
    """At most so many bytes more has an aggregate with this record in it; beside FRAME_BYTES for the aggregate."""
    # Tags of one byte, lengths and the index of at most five (up to 4 GiB): key, record, index and data.
    return len(record.key.encode()) + len(record.data) + 6 + 6 + 6 + 6


FRAME_BYTES = len(MAGIC) + DIGEST_BYTES


def deaggregate(data: bytes) -> list[UserRecord] | None:
    """The records in an aggregate; None when `data` is none, which is a record like any other.

    An aggregate with a key that Kinesis takes from no producer is none either: nothing could be put under it again.
    """
    body, digest = data[len(MAGIC) : -DIGEST_BYTES], data[-DIGEST_BYTES:]
    if not data.startswith(MAGIC) or hashlib.md5(body, usedforsecurity=False).digest() != digest:
        return None
    keys: list[str] = []
    records: list[UserRecord] = []
    try:
        for number, value in _fields(body):
            if number == 1 and isinstance(value, bytes):
                keys.append(value.decode())
            elif number == 3 and isinstance(value, bytes):
                parts = dict(_fields(value))
                place, content = parts[1], parts[3]
                if not isinstance(place, int) or not isinstance(content, bytes):
                    return None
                records.append(UserRecord(keys[place], content))
    except (ValueError, IndexError, KeyError):
        return None
    return records if all(1 <= len(key) <= MAX_KEY for key in keys) else None


def _record(place: int, data: bytes) -> bytes:
    return bytes([1 << 3 | VARINT]) + _varint(place) + _field(3, data)


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | LENGTH]) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message: number and value. Raises ValueError when it is none."""
    at = 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, at = _read_varint(message, at)
            yield number, value
            continue
        if kind == LENGTH:
            length, at = _read_varint(message, at)
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if at + length > len(message):
            raise ValueError("the message ends within a field")
        yield number, message[at : at + length]
        at += length


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("the message ends within a number")

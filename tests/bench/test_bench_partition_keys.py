"""What the picture of partition keys says, and that it says the same on every machine."""

import pytest

from bench.partition_keys import SHARDS, shares, spec


def test_every_record_is_on_a_shard() -> None:
    assert all(len(parts) == SHARDS and sum(parts) == pytest.approx(100) for parts in shares().values())


def test_order_ids_are_even_users_are_not_and_spreading_them_helps() -> None:
    most = {name: max(parts) for name, parts in shares().items()}
    assert most["order"] < 27 < most["spread"] < 35 < most["user"]


def test_hot_shards_stand_out() -> None:
    rows = spec()["rows"]
    assert isinstance(rows, list)
    assert [row["label"] for row in rows if row.get("strong")] == ["shard 1", "shard 4"]
    assert shares() == shares()

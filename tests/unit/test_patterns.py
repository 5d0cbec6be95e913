"""Event patterns and filter policies: what AWS takes passes, what it refuses is named."""

from typing import Any

import pytest

from stacks.blocks.patterns import check_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["shop.web"]},
        {"detail-type": [{"prefix": "ORDER_"}], "detail": {"state": ["a", None, 1, True]}},
        {"detail": {"total": [{"numeric": [">=", 100, "<", 10_000]}]}},
        {"detail": {"total": [{"numeric": ["=", 0]}]}},
        {"detail": {"state": [{"anything-but": ["a"]}, {"exists": False}]}},
        {"detail": {"ip": [{"cidr": "10.0.0.0/24"}], "name": [{"wildcard": "a*b"}, {"suffix": ".png"}]}},
        {"$or": [{"source": ["a"]}, {"detail-type": ["b"]}]},
    ],
)
def test_patterns_that_aws_takes(pattern: Any) -> None:
    assert check_pattern(pattern) == []


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ({}, "a pattern is an object with at least one field"),
        ("source", "a pattern is an object with at least one field"),
        ({"source": "shop.web"}, "source: values stand in a list, not 'shop.web'"),
        ({"source": []}, "source: values stand in a list, not []"),
        ({"detail": {}}, "detail: an object needs at least one field"),
        ({"detail": {"total": [{"numeric": [">=", "100"]}]}}, "detail.total: numeric takes comparisons"),
        ({"detail": {"total": [{"numeric": [">=", 1, "<"]}]}}, "detail.total: numeric takes comparisons"),
        ({"detail": {"total": [{"numeric": ["=>", 1]}]}}, "detail.total: numeric takes comparisons"),
        ({"source": [{"begins": "a"}]}, "source: {'begins': 'a'} is no value and no operator"),
        ({"source": [{"prefix": "a", "suffix": "b"}]}, "is no value and no operator"),
        ({"source": [["a"]]}, "source: ['a'] is no value and no operator"),
        ({"source": [{"exists": "yes"}]}, "source: exists takes true or false, not 'yes'"),
        ({"source": [{"suffix": 1}]}, "source: suffix takes a text, not 1"),
        ({"$or": [{"source": ["a"]}]}, "$or: $or takes a list of two or more objects"),
    ],
)
def test_patterns_that_aws_refuses(pattern: Any, problem: str) -> None:
    (found,) = check_pattern(pattern)
    assert problem in found


def test_all_problems_are_found_together() -> None:
    assert len(check_pattern({"source": "a", "detail": {"b": [{"numeric": 1}], "c": {}}})) == 3

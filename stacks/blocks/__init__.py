"""Constructs with safe defaults, from the AWS documentation; the defaults are named where they are applied."""

from stacks.blocks.bucket import Bucket
from stacks.blocks.delivery import Delivery
from stacks.blocks.function import Function
from stacks.blocks.queue import ConsumedQueue, DeadLetterQueue, Queue
from stacks.blocks.rule import Rule, any_lab, rule_source
from stacks.blocks.stream import Stream
from stacks.blocks.table import Table
from stacks.blocks.topic import Topic
from stacks.blocks.workflow import Workflow

__all__ = [
    "Bucket",
    "ConsumedQueue",
    "DeadLetterQueue",
    "Delivery",
    "Function",
    "Queue",
    "Rule",
    "Stream",
    "Table",
    "Topic",
    "Workflow",
    "any_lab",
    "rule_source",
]

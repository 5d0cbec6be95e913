"""Constructs with safe defaults, from the AWS documentation; the defaults are named where they are applied."""

from stacks.blocks.function import Function
from stacks.blocks.queue import ConsumedQueue, Queue
from stacks.blocks.schedule import Schedule

__all__ = ["ConsumedQueue", "Function", "Queue", "Schedule"]

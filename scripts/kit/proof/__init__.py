"""Proves with an account that the labs work there: what `scripts/prove_aws.py` does, and what it writes down.

Nothing here imports the stacks: what they need is read from what they synthesize.
"""

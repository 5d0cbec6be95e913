"""The labs as cdktf stacks, one module per lab."""

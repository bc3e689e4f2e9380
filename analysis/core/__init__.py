"""What every number stands on: estimates, intervals, counts, groups."""

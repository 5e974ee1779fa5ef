"""What ``make bench`` measures: each figure against a reference from the same run, so that the machine cancels out."""

"""What follows for those who use it: criteria, thresholds, harm and benefit."""

"""What a paper or README says about a classifier, as printed."""

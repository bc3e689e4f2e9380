"""Running a network over a data set, into a study."""

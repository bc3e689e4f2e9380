"""The phantom cohort: synthetic head MRI drawn from a brain template, with flaws planted on purpose."""

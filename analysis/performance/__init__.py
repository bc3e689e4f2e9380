"""How good the classifier is, on each class, over all, by patient and over folds."""

"""The validation report: a study and a reviewer's choices become a PDF that can be filed, mailed and checked."""

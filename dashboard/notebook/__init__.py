"""NeuroVal in Python: from a table of predictions to numbers, figures and the report, in a script or a notebook."""

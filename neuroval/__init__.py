"""The import name of the project: in a clone its parts are links to the folders beside it, in a wheel they are here."""

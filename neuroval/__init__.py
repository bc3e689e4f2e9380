"""The import name of the project. In a clone its four parts are links to the folders beside it; the wheel holds them."""

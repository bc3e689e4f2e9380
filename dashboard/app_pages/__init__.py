"""One file a page: it loads, asks for one set of numbers and draws it."""

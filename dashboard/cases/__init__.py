"""Single cases and galleries of them, as pages and report show them."""

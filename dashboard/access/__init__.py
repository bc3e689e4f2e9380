"""Who may see what: sign-in and the keys of the API."""

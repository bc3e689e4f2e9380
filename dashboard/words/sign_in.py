"""Every sentence about signing in."""

TITLE = "Sign in"
ASK = "This server shows its pages to those who have signed in."
NOT_SET_UP = "This server asks for a sign-in, and none is set up: see Authentication in DEPLOYMENT.md."
NOT_ALLOWED = "You have signed in, but your address is not among those that may use this server."
REFUSED = "Sign in first."

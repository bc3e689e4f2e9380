"""Every sentence about signing in."""

TITLE = "Sign in"
ASK = "This server shows its pages to those who have signed in."
NOT_SET_UP = "This server asks for a sign-in, and none is set up: see Authentication in DEPLOYMENT.md."
NOT_ALLOWED = "You have signed in, but your address is not among those that may use this server."
REFUSED = "Sign in first."
HEADING = "NeuroVal"
SIGN_IN, SIGN_OUT, EVERYWHERE = "Sign in", "Sign out", "Sign out everywhere"
EVERYWHERE_HELP = "Ends every session under your address, on this and on all other devices."


def lasting(idle_minutes: float, hours: float) -> str:
    """Return how long a sign-in lasts."""
    return f"You stay signed in for {hours:g} hours at most, and for {idle_minutes:g} minutes without use."


OTHER_HOST = (
    "This server does not answer to the name in the address. If it should, add that name to allowed_hosts "
    "(NEUROVAL_ALLOWED_HOSTS)."
)
OTHER_PAGE = "This server does not answer to pages of other web sites; a proxy before it has to pass Host unchanged."

"""All numbers of one study, each computed when it is first asked for."""

"""How the shipped tables were made; run as scripts, never at run time."""

"""Are the suites worth anything: statistics of every shipped table, and the page that tells them."""

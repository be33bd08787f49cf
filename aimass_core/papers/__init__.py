"""Papers: one page that says what was decided and why, as HTML and as PDF."""

"""The shell: browser pages, HTTP API and command line over the same workflows."""

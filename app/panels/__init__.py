"""The larger parts of the pages, one file each, named after their page."""

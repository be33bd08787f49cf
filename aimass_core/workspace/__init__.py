"""The workspace database: the only rooms that hold its SQL."""

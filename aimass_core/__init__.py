"""The engine: pure stages, the workspace they are recorded in, and the workflows that join both."""

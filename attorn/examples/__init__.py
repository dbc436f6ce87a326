"""Examples that the documentation builds on: systems to be tested, and how they are bound to the specification."""

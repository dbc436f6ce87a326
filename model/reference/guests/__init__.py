"""Guests: small programs that notice when a migration was not as it must be, and one that a person can watch."""

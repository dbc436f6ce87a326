"""The commands of ``attorn``, one module each."""

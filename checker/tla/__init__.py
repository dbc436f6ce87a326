"""A machine as a TLA+ module, for readers who know that language and for TLC, which checks it on its own."""

"""The running reference: firmware, VMMs and guests that do what the specification says, on real memory."""

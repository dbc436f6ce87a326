"""How machines are examined; nothing here knows what a virtual machine is."""

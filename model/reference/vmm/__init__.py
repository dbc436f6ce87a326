"""VMMs: two engines that execute guests, behind one interface."""

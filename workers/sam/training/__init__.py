"""How the shipped weights are made: scenes, real sets, simulated clicks, losses, loop, export."""

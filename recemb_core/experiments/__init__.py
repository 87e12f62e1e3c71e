"""What trains and measures several things: sweeps, races of indexes, recall models, starts of a network."""

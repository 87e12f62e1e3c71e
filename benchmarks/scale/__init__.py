"""What a large log costs on one machine: seconds and peak memory of every stage, and how both grow."""

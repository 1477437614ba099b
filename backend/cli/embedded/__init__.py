"""Real servers for a development start: PostgreSQL out of a wheel, Redis from wherever the machine has it."""

"""Real daemons, real peers, and what a test may ask of them."""

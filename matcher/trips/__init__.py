"""Trip plans (行程): which companies on which day, in which order, why, and what one more day would buy."""

"""Reading Chinese registry text (读登记文本): normalise → tokens, names, scopes."""

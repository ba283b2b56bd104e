"""Company × segment (企业与环节的匹配): which terms hit, and how well a company fits."""

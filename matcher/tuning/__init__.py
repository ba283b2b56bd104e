"""The analyst's workbench (规则调校): what a change of rules does, whether the rules are sound, what would change a place."""

"""The client of the provider's API: httpx and the standard library only; it knows no settings, tables or screens."""

"""The tables, and the only functions that read or write them."""

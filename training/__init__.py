"""Training packs: what a trainer takes into class of one common error, without anybody's personal numbers."""

"""The text front end: from what people write to what is said aloud, in words."""

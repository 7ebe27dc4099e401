"""Synthetic recordings: written dialogues, their speech, and telephony as it really is encoded."""

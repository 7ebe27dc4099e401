"""Speech engines behind one protocol, speech windows and text normalisation."""

"""The training steps of the contest, for each library that takes part."""

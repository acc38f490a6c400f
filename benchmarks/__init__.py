"""Hot paths measured as ratios within one run, against floors and against a peer."""

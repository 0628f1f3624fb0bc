-- Published: with markov_path, whose removal effects depend on the whole history.
SELECT * FROM marts.attribution

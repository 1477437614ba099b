"""`/api/gaql`: questions in Google's own query language, checked here before they are asked there; reads only."""

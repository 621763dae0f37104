"""Jobs: what the objects that describe scraping become in the configuration of an agent."""

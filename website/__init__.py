"""The documents as a site: what is drawn, and what is generated from the program itself."""

"""The narrator's desk: direction of the story, health of the hive, library and exports."""

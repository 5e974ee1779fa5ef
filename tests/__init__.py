"""The suite mirrors the tree; kit/ holds builders, vectors/ bytes with their expected outcome, sim/ the simulator."""

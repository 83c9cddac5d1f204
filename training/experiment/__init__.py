"""An experiment: a question, the run file that asks it, and what came out; a folder that anyone can run again."""

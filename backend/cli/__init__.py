"""The commands: what `python3 run.py …` does once its virtual environment exists."""

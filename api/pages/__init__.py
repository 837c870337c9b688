"""Pages in Chinese and English: text, formats, charts, templates. They work without scripts for reading."""

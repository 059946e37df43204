"""What an evaluation looks like on paper: the pictures of a model card, and the folder that holds it all."""

from prevlib.report.pictures import draw_pictures, write_report

__all__ = ["draw_pictures", "write_report"]

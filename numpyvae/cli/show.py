"""Draw a saved run's pictures again."""
from . import opening, pictures

HELP = "draw a run's pictures again"


def add_options(parser):
    """RUN, --data, --data-dir."""
    opening.add_run_option(parser)
    opening.add_data_options(parser)


def run(args):
    """Open the run and draw it  ->  the exit status."""
    saved, dataset = opening.open_run(args.run, args.data, args.data_dir)
    plots = pictures.import_plots()
    pictures.draw(saved.run, dataset, saved.folder, plots)
    return 0

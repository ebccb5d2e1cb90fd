"""Opening a run: its options RUN, --data and --data-dir, and the run together with its data."""
import os

from .. import datasets
from ..errors import DataFormatError, InvalidValueError, NumpyvaeError
from ..runs import SavedRun, load_trained
from .folders import run_folder
from .options import place


def add_run_option(parser):
    """RUN, the folder of a run."""
    parser.add_argument("run", metavar="RUN", help="folder of a run, as made by `numpyvae train`")


def add_data_options(parser):
    """--data and --data-dir, for a run whose data were moved."""
    parser.add_argument("--data", type=place, metavar="FILE",
                        help="where the run's data file is now, if it was moved")
    parser.add_argument("--data-dir", type=place, metavar="DIR",
                        help="where the run's data folder is now, if it was moved")


def open_run(folder, data=None, data_dir=None):
    """The run in `folder`, and its data  ->  a `SavedRun`, a `Dataset`.

    data, data_dir: the file of its data, or their folder, if it was moved
    """
    _, about, _ = load_trained(run_folder(folder))
    was, was_in = about["options"]["data"], about["options"]["data_dir"]
    data     = absolute(data) or was
    data_dir = absolute(data_dir) or was_in
    if data != was and (data in datasets.NAMES or was in datasets.NAMES):
        raise InvalidValueError(f"--data {data}: the run in {folder} has {was}; omit --data")
    dataset = _load(folder, data, data_dir, bounded(about["options"]))
    saved   = SavedRun.load(folder, *examples(dataset))
    saved.data, saved.data_dir = data, data_dir          # for the next time
    return saved, dataset


def examples(dataset):
    """What of a `Dataset` a run is started and resumed with."""
    return (dataset.x_train, dataset.x_test, dataset.mask_train, dataset.mask_test,
            dataset.labels_train, dataset.labels_test)


def bounded(options):
    """Whether the pixels that a run learns from have to lie in [0, 1]: a Gaussian's need not."""
    return options.get("likelihood") != "gaussian" or options.get("pixels") != "grey"


def _load(folder, data, data_dir, bounded):
    try:
        return datasets.load(data, data_dir, bounded)
    except (FileNotFoundError, NumpyvaeError, ValueError) as error:
        what = error
        if isinstance(error, FileNotFoundError):
            what = f"{error.filename} is not there"
        raise DataFormatError(f"{folder}: the data that this run learned from cannot be loaded: "
                              f"{what}; if they were moved, say where they are now with --data or "
                              "--data-dir") from error


def has_prior(model):
    """Whether a model, or its class, has a prior: a KL term to train with, and codes to draw."""
    return hasattr(model, "generate")


def require_prior(folder, model, consequence):
    """Raise unless the model of the run in `folder` has a prior."""
    if not has_prior(model):
        raise InvalidValueError(f"{folder}: expected a model with a prior, such as a VAE, got one "
                                f"without ({model.TITLE}): nothing says where among all vectors "
                                f"its codes lie, {consequence}; name another run")


def absolute(place):
    """Where a file or folder is, wherever we are called from next time; a data set's name as it is.
    """
    if place is None or place in datasets.NAMES:
        return place
    return os.path.abspath(place)

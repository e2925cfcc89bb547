"""What a real Airflow loads from a folder of DAG files: run by hand with the Python of that Airflow.

    AIRFLOW_HOME=$(mktemp -d) path/to/airflow/bin/python tests/bench/dagbag_truth.py FOLDER > truth.json

The files run, so only give it code that you trust. Packages that are not installed are stood in for by objects
that accept everything: the ids of DAGs do not hang on them. Prints ``{"airflow", "files": {path: {"dags", "subdags",
"error"}}}`` with DAG ids and paths only. Works from Python 3.7 and Airflow 1.10 on, hence the old spelling.
"""

import contextlib
import importlib.abc
import importlib.machinery
import inspect
import json
import os
import sys
from pathlib import Path

for option in ("CORE__LOAD_EXAMPLES", "CORE__DAGBAG_IMPORT_ERROR_TRACEBACKS"):
    os.environ["AIRFLOW__" + option] = "False"
os.environ["AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT"] = "120"


class _AnythingClass(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return cls(name)

    def __iter__(cls):
        return iter(())

    def __add__(cls, other):
        return Anything()


class Anything(metaclass=_AnythingClass):
    """Stands for any name of a package that is not there."""

    def __init__(self, *arguments, **keywords):
        self.__dict__.update(keywords)

    def __init_subclass__(cls, **keywords):
        pass

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __call__(self, *arguments, **keywords):
        if len(arguments) == 1 and not keywords and callable(arguments[0]):
            return arguments[0]
        return Anything()

    def _other(self, other):
        return other

    def _self(self, other):
        return self

    __rshift__ = __lshift__ = _other
    __rrshift__ = __rlshift__ = _self

    def __iter__(self):
        return iter(())

    def __getitem__(self, key):
        return Anything()

    def __setitem__(self, key, value):
        pass

    def __class_getitem__(cls, key):
        return cls

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def __mro_entries__(self, bases):
        return (Anything,)

    def __or__(self, other):
        return Anything()

    __ror__ = __add__ = __radd__ = __sub__ = __rsub__ = __or__

    def __str__(self):
        return "anything"

    def __hash__(self):
        return 1

    def __lt__(self, other):
        return False

    __gt__ = __le__ = __ge__ = __lt__


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Asked last, for what no other finder knows."""

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__path__ = []
        module.__getattr__ = lambda name: _missing(name)


def _missing(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (Anything,), {})


def _loosen():
    """Lets real tasks be chained with stand-ins."""
    import airflow.models.baseoperator as base

    owners = [base.BaseOperator]
    for module_name, class_name in (
        ("airflow.models.taskmixin", "DependencyMixin"),
        ("airflow.models.taskmixin", "TaskMixin"),
        ("airflow.models.xcom_arg", "XComArg"),
        ("airflow.utils.task_group", "TaskGroup"),
        ("airflow.sdk.definitions._internal.mixins", "DependencyMixin"),
        ("airflow.sdk.bases.operator", "BaseOperator"),
        ("airflow.sdk.definitions.xcom_arg", "XComArg"),
        ("airflow.sdk.definitions.taskgroup", "TaskGroup"),
    ):
        with contextlib.suppress(ImportError, AttributeError):
            owners.append(getattr(importlib.import_module(module_name), class_name))
    for owner in owners:
        for method in ("__rshift__", "__lshift__"):
            with contextlib.suppress(AttributeError, TypeError):
                setattr(owner, method, lambda self, other: other)
        for method in ("__rrshift__", "__rlshift__"):
            with contextlib.suppress(AttributeError, TypeError):
                setattr(owner, method, lambda self, other: self)
        for method in ("set_downstream", "set_upstream"):
            with contextlib.suppress(AttributeError, TypeError):
                setattr(owner, method, lambda self, *others, **keywords: None)
    for module_name in (
        "airflow.models.baseoperator",
        "airflow.utils.helpers",
        "airflow.sdk",
        "airflow.sdk.bases.operator",
    ):
        with contextlib.suppress(ImportError):
            module = importlib.import_module(module_name)
            for function in ("chain", "cross_downstream", "chain_linear"):
                if function in vars(module) or module_name == "airflow.sdk":
                    setattr(module, function, lambda *tasks: None)


def _any_decorator():
    """Lets ``@task.of_a_missing_provider`` pass."""
    for module_name in ("airflow.decorators", "airflow.sdk.definitions.decorators"):
        with contextlib.suppress(ImportError, AttributeError):
            collection = importlib.import_module(module_name).TaskDecoratorCollection
            known = collection.__getattr__

            def find(self, name, known=known):
                try:
                    return known(self, name)
                except AttributeError:
                    return _missing(name)()

            collection.__getattr__ = find


def _dag_bag():
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag
    return DagBag


def _load(dag_bag_class, path):
    """The DAGs of one file as a bag of its own would hold them."""
    takes = inspect.signature(dag_bag_class.__init__).parameters
    without = {"include_examples": False} if "include_examples" in takes else {}
    bag = dag_bag_class(dag_folder=os.devnull, **without)
    bag.import_errors = {}
    try:
        bag.process_file(str(path), only_if_updated=False)
    except BaseException as error:
        return {"dags": [], "subdags": [], "error": type(error).__name__}
    subdags = {key for key, dag in bag.dags.items() if getattr(dag, "is_subdag", False)}
    answer = {"dags": sorted(set(bag.dags) - subdags), "subdags": sorted(subdags)}
    if bag.import_errors:
        said = str(next(iter(bag.import_errors.values()))).strip().splitlines()[-1]
        answer["error"] = said[:150].replace(str(path.parent), "")
    return answer


def main():
    sys.path.pop(0)  # The folder of this script: what lies there is not meant.
    out, sys.stdout = sys.stdout, sys.stderr  # Airflow logs to standard output.
    import airflow

    folder = Path(sys.argv[1]).resolve()
    sys.path[:0] = [*map(str, map(Path, sys.argv[2:])), str(folder)]
    dag_bag_class = _dag_bag()
    _loosen()
    _any_decorator()
    sys.meta_path.append(_Finder())
    answers = {}
    for path in sorted(folder.rglob("*.py")):
        answer = _load(dag_bag_class, path)
        if answer["dags"] or answer["subdags"] or "error" in answer:
            answers[str(path.relative_to(folder))] = answer
    json.dump({"airflow": airflow.__version__, "files": answers}, out, indent=1)
    out.write("\n")


if __name__ == "__main__":
    main()

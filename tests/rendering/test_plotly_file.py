"""plotly.js comes from its Python package: that file and nothing else of it."""

from django.contrib.staticfiles import finders

from planner.rendering.plotly_file import NAME, PlotlyFinder


def test_only_the_one_file_is_served():
    finder = PlotlyFinder()
    found = [(name, storage.path(name)) for name, storage in finder.list(None)]
    assert [name for name, _ in found] == [NAME]
    assert finders.find(NAME) == found[0][1]
    assert finder.find("datasets/iris.csv.gz") is None
    assert finder.find("../plotly.min.js") is None
    assert finder.find(NAME, find_all=True) == [found[0][1]]

"""A claim's picture as a Plotly figure."""

from typing import TYPE_CHECKING, Any

from lossviz.claim import Picture
from lossviz.figures import CLASS_COLOURS

if TYPE_CHECKING:
    import plotly.graph_objects as go

FLAWED = "#D55E00"
SOUND = tuple(c for c in CLASS_COLOURS if c != FLAWED)
DASHES = ("solid", "dot", "dashdot", "longdashdot")
"""Of sound lines, so that two that lie on each other are both seen; dashes are for what is flawed."""
LEGEND = "legend2"
"""Above the plot: names of places are long, and turned on a narrow page. The first legend is put below there."""

GAP = 0.2
"""Between the bars of two places, of the room of one."""


def draw(picture: Picture) -> "go.Figure":
    """Bars or lines; what is flawed is hatched or dashed, and a bar that is missing because of an error says so.

    Args:
        picture: Of the evidence.

    Example:
        >>> figure = draw(Picture("", "loss", bars={"on trial": {"a": 1.0, "b": None}}, flawed=("on trial",)))
        >>> figure.data[0].marker.pattern.shape, figure.layout.annotations[0].text
        ('/', 'refused')
    """
    import plotly.graph_objects as go

    out = go.Figure()
    names = [*picture.bars, *picture.lines]
    sound = [n for n in names if n not in picture.flawed]
    for name in names:
        i = sound.index(name) if name in sound else 0
        flawed = name in picture.flawed
        colour = FLAWED if flawed else SOUND[i % len(SOUND)]
        title = f"{name} ⚠" if flawed else name
        if name in picture.bars:
            heights = picture.bars[name]
            marker: dict[str, Any] = {"color": colour}
            if flawed:
                marker["pattern"] = {"shape": "/", "fillmode": "overlay", "fgcolor": "white"}
            # a place that is empty still takes its room, so that the bar beside it does not move
            out.add_bar(x=list(heights), y=list(heights.values()), name=title, marker=marker, legend=LEGEND)
        else:
            x, y = picture.lines[name]
            single = len(x) == 1
            out.add_scatter(
                x=x, y=y, name=title, mode="markers" if single else "lines", legend=LEGEND,
                line={"color": colour, "width": 3, "dash": "dash" if flawed else DASHES[i % len(DASHES)]},
                marker={"size": 13, "color": colour, "symbol": ("circle", "diamond", "square")[i % 3]},
            )  # fmt: skip
    places = list(dict.fromkeys(place for heights in picture.bars.values() for place in heights))
    for i, heights in enumerate(picture.bars.values()):
        beside = (i - (len(picture.bars) - 1) / 2) * (1 - GAP) / len(picture.bars)  # where its bar would stand
        for place in (p for p in heights if heights[p] is None):
            out.add_annotation(
                x=places.index(place) + beside, y=0, text="refused", showarrow=False, yanchor="bottom", textangle=-90
            )
    out.update_layout(
        barmode="group",
        bargap=GAP,
        height=400,
        margin={"t": 20, "r": 10},
        legend2={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        showlegend=len(names) > 1 or bool(picture.flawed),
    )
    out.update_xaxes(title_text=picture.x, automargin=True)
    if places:
        out.update_xaxes(type="category", categoryorder="array", categoryarray=places)
    out.update_yaxes(title_text=picture.y, automargin=True)
    return out

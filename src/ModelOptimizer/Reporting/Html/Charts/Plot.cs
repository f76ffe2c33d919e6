using System.Xml.Linq;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html.Charts;

/// <summary>A point of a chart.</summary>
/// <param name="Label">What stands beside it; empty for nothing.</param>
/// <param name="Title">What it says when pointed at.</param>
/// <param name="Kind">Its class: <c>plain</c>, <c>strong</c>, <c>weak</c>.</param>
internal sealed record PlotPoint(double X, double Y, string Label, string Title, string Kind = "plain");

/// <summary>A chart of points over two scales, joined by a line in their order.</summary>
/// <param name="id">Its id in the page.</param>
/// <param name="title">Its name.</param>
/// <param name="description">What it shows, in a sentence, for those who don't see it.</param>
internal sealed class Plot(string id, string title, string description, Axis x, Axis y)
{
    private const double Width = 720;
    private const double Height = 300;
    private const double Left = 92;
    private const double Right = 24;
    private const double Top = 16;
    private const double Bottom = 46;

    private readonly List<XElement> _marks = [];
    private readonly List<(double X, double Y)> _labels = [];

    public double X(double value) => Left + x.Place(value) * (Width - Left - Right);

    public double Y(double value) => Height - Bottom - y.Place(value) * (Height - Top - Bottom);

    /// <summary>A limit across the chart.</summary>
    public void Limit(double value, string text)
    {
        _marks.Add(E("line", Class("limit"), A("x1", Left), A("x2", Width - Right), A("y1", Y(value)), A("y2", Y(value))));
        // Above the line, but where that would leave the chart.
        _marks.Add(E("text", Class("limit"), A("x", Left + 6), A("y", Y(value) + (Y(value) < Top + 16 ? 15 : -6)), text));
    }

    /// <summary>A limit from bottom to top.</summary>
    public void LimitAcross(double value, string text)
    {
        _marks.Add(E("line", Class("limit"), A("x1", X(value)), A("x2", X(value)), A("y1", Top), A("y2", Height - Bottom)));
        var isRight = X(value) > Width / 2;
        _marks.Add(E("text", Class(isRight ? "limit end" : "limit"), A("x", X(value) + (isRight ? -6 : 6)), A("y", Height - Bottom - 8), text));
    }

    public void Line(IEnumerable<PlotPoint> points) =>
        _marks.Add(E("polyline", Class("path"), A("points", string.Join(' ', points.Select(point => $"{Number(X(point.X))},{Number(Y(point.Y))}")))));

    public void Points(IEnumerable<PlotPoint> points)
    {
        foreach (var point in points)
            _marks.Add(E("g", Class($"point {point.Kind}"), E("title", point.Title),
                E("circle", A("cx", X(point.X)), A("cy", Y(point.Y)), A("r", 5)), Label(point)));
    }

    /// <summary>Small points, each of which speaks when its column is pointed at anywhere.</summary>
    public void Columns(IEnumerable<PlotPoint> points)
    {
        var width = (Width - Left - Right) / Math.Max(1, x.High - x.Low);
        foreach (var point in points)
            _marks.Add(E("g", Class("column"), E("title", point.Title),
                E("rect", A("x", X(point.X) - width / 2), A("y", Top), A("width", width), A("height", Height - Top - Bottom)),
                E("circle", A("cx", X(point.X)), A("cy", Y(point.Y)), A("r", 2.5))));
    }

    /// <summary>The space between the scales.</summary>
    public static (double Left, double Right, double Top, double Bottom) Area => (Left, Width - Right, Top, Height - Bottom);

    public XElement Draw() => E("div", Class("scroll chart"), A("tabindex", "0"), A("role", "region"), A("aria-label", title),
        E("svg", A("viewBox", $"0 0 {Number(Width)} {Number(Height)}"), A("role", "img"), A("aria-labelledby", $"{id}-name {id}-words"),
            E("title", A("id", $"{id}-name"), title),
            E("desc", A("id", $"{id}-words"), description),
            y.Ticks.Select(tick => E("g", E("line", Class("grid"), A("x1", Left), A("x2", Width - Right), A("y1", Y(tick)), A("y2", Y(tick))),
                E("text", Class("end"), A("x", Left - 8), A("y", Y(tick) + 4), y.Format(tick)))),
            x.Ticks.Select(tick => E("text", Class("middle"), A("x", X(tick)), A("y", Height - Bottom + 18), x.Format(tick))),
            E("text", Class("middle axis"), A("x", (Left + Width - Right) / 2), A("y", Height - 8), x.Title),
            E("text", Class("middle axis"), A("transform", $"translate(13 {Number((Top + Height - Bottom) / 2)}) rotate(-90)"), y.Title),
            _marks));

    /// <summary>Above its point, or further up where another label is already.</summary>
    private XElement? Label(PlotPoint point)
    {
        if (point.Label.Length == 0)
            return null;
        var (left, top) = (X(point.X), Y(point.Y) - 11);
        if (top < Top + 8)
            top = Y(point.Y) + 20;
        var down = top > Y(point.Y) ? 15 : -15;
        while (_labels.Exists(taken => Math.Abs(taken.X - left) < 14 && Math.Abs(taken.Y - top) < 14))
            top += down;
        _labels.Add((left, top));
        return E("text", Class("middle"), A("x", left), A("y", top), point.Label);
    }
}

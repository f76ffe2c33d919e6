using System.Globalization;
using System.Xml.Linq;
using ModelOptimizer.Reporting.Html.Charts;

namespace ModelOptimizer.Tests.Reporting;

internal sealed class ChartTests
{
    [TestCase(new[] { 0.941, 0.95 }, new[] { 0.94, 0.942, 0.944, 0.946, 0.948, 0.95 })]
    [TestCase(new[] { -3.0, 41 }, new[] { -10.0, 0, 10, 20, 30, 40, 50 })]
    [TestCase(new[] { 5.0, 5 }, new[] { 4.94, 4.96, 4.98, 5, 5.02, 5.04, 5.06 })]
    public void Marks_are_round_and_hold_all_values(double[] values, double[] marks)
    {
        var axis = Axis.Over("y", values, value => value.ToString(CultureInfo.InvariantCulture));

        Assert.That(axis.Ticks, Is.EqualTo(marks).Within(1e-9));
    }

    [Test]
    public void Marks_of_sizes_are_round_in_their_unit_and_begin_at_nothing()
    {
        var axis = Axis.FromZero("size", [4.2 * (1 << 20)], value => "", unit: 1 << 20);

        Assert.That(axis.Ticks.Select(tick => tick / (1 << 20)), Is.EqualTo(new[] { 0.0, 1, 2, 3, 4, 5 }));
    }

    [Test]
    public void Points_lie_where_their_numbers_say()
    {
        var plot = new Plot("p", "name", "words", new("x", 0, 10, 5, _ => ""), new("y", 0, 100, 50, _ => ""));
        plot.Points([new(0, 0, "a", "first"), new(10, 100, "b", "second"), new(5, 50, "c", "third")]);

        var (left, right, top, bottom) = Plot.Area;
        Assert.That(plot.Draw().Descendants("circle").Select(circle => (Number(circle, "cx"), Number(circle, "cy"))),
            Is.EqualTo(new[] { (left, bottom), (right, top), ((left + right) / 2, (top + bottom) / 2) }));
    }

    [Test]
    public void Labels_of_points_that_lie_together_do_not()
    {
        var plot = new Plot("p", "name", "words", new("x", 0, 10, 5, _ => ""), new("y", 0, 100, 50, _ => ""));
        plot.Points([new(5, 50, "1", ""), new(5, 50, "2", ""), new(5.05, 50.5, "3", "")]);

        var heights = plot.Draw().Descendants("g").Where(g => ((string?)g.Attribute("class"))?.StartsWith("point", StringComparison.Ordinal) == true)
            .Select(g => Number(g.Element("text")!, "y")).Order().ToList();
        Assert.That(heights.Zip(heights.Skip(1), (a, b) => b - a), Is.All.GreaterThanOrEqualTo(13));
    }

    private static double Number(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);
}

using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tests.Reporting;

internal sealed class BudgetLightTests
{
    /// <summary>Room is counted in what may get lost, not in the number itself.</summary>
    [TestCase("size", 100, 200, null, Light.Kept, 0.5)]
    [TestCase("size", 191, 200, null, Light.Close, 0.045)]
    [TestCase("size", 200, 200, null, Light.Close, 0)]
    [TestCase("top-1", 0.995, 0.99, 1.0, Light.Kept, 0.5)]
    [TestCase("top-1", 0.9902, 0.99, 1.0, Light.Close, 0.02)]
    [TestCase("top-1", 0.98, 0.97, null, Light.Kept, 1 / 3.0)]
    [TestCase("perplexity", 10.1, 10.5, 10.0, Light.Kept, 0.8)]
    [TestCase("sqnr", 20.5, 20, null, Light.Close, 0.025)]
    [TestCase("sqnr", double.PositiveInfinity, 20, null, Light.Kept, 1)]
    public void What_is_kept_is_green_or_close(string metric, double measured, double allowed, double? original, object light, double room)
    {
        var seen = BudgetLight.Of(new(metric, true, measured, allowed, "error", "", "p.yaml", 1, 1), original);

        Assert.That((seen.Light, Math.Round(seen.Room!.Value, 9)), Is.EqualTo(((Light)light, Math.Round(room, 9))));
    }

    /// <summary>A floor for what had better be low, and a ceiling for what had better be high.</summary>
    [TestCase("size-ratio", true, 0.97, 0.1, "≥ 10%")]
    [TestCase("sqnr", false, 20, 40, "≤ 40.0 dB")]
    public void A_limit_points_where_the_profile_says(string metric, bool isFloor, double measured, double allowed, string text)
    {
        var seen = BudgetLight.Of(new(metric, true, measured, allowed, "error", "", "p.yaml", 1, 1) { IsFloor = isFloor }, null);

        Assert.That((seen.Light, seen.Allowed), Is.EqualTo((Light.Kept, text)));
    }

    [TestCase("error", Light.Broken, "broken")]
    [TestCase("warning", Light.Warning, "warning")]
    public void What_is_broken_goes_by_its_severity(string severity, object light, string word)
    {
        var seen = BudgetLight.Of(new("latency-ratio", false, 0.9, 0.6, severity, "", "p.yaml", 1, 1), null);

        Assert.That((seen.Light, seen.Word, seen.Measured, seen.Allowed), Is.EqualTo(((Light)light, word, "90%", "≤ 60%")));
    }

    [Test]
    public void What_was_not_measured_has_no_room() =>
        Assert.That(BudgetLight.Of(new("top-1", false, null, null, "error", "", "p.yaml", 1, 1), null),
            Has.Property("Room").Null.And.Property("Measured").EqualTo("not measured").And.Property("Light").EqualTo(Light.Broken));
}

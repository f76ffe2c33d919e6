using System.Globalization;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using static ModelOptimizer.Tool.Quantities;

namespace ModelOptimizer.Tool;

/// <summary>Shows how a pass spent a size budget: the weights, error against size, and what was measured to make sure.</summary>
internal sealed class SizeBudgetText(CommandContext context, SizeOutcome sized)
{
    /// <summary>Rows of the weights: the largest.</summary>
    private const int MostWeights = 40;

    public void Write()
    {
        Line("");
        Line($"{sized.Pass} for {Bytes(sized.Budget)}: {Bytes(sized.Bytes)}, of which {Bytes(sized.OtherBytes)} are no weights with a choice. "
            + $"Error {Error(sized.Error)}"
            + (sized.Gap > 0 ? $", of which other choices of such sizes, as estimated, could save {Percent(sized.Gap)} at most" : ""));
        Line($"Error: {sized.Measure}");
        Weights();
        Curve();
        Tried();
    }

    private void Weights()
    {
        var table = Tables.Create("Weight", "Stored as", ">Before", ">After", ">Of the error");
        var largest = sized.Weights.OrderByDescending(weight => weight.BytesBefore).Take(MostWeights).ToHashSet();
        foreach (var weight in sized.Weights.Where(largest.Contains))
            table.Row(weight.Weight, weight.Form, Bytes(weight.BytesBefore), Bytes(weight.Bytes), Percent(weight.Share));
        if (sized.Weights.Count > MostWeights)
            table.Row($"… {sized.Weights.Count - MostWeights} smaller ones in the report", "", "", "", "");
        context.Draw(table);
    }

    private void Curve()
    {
        var table = Tables.Create(">Size", ">Error", "");
        List<(ErrorAtSize Point, string Note)> points =
            [.. sized.Curve.Select(point => (point, "")), (new ErrorAtSize(sized.Bytes, sized.Error), "chosen")];
        if (sized.Smaller is { } smaller)
            points.Add((smaller, $"{Bytes(sized.Budget - smaller.Bytes)} less"));
        if (sized.Larger is { } larger)
            points.Add((larger, $"{Bytes(larger.Bytes - sized.Budget)} more"));
        foreach (var (point, note) in points.OrderBy(pair => pair.Point.Bytes).ThenByDescending(pair => pair.Point.Error))
            table.Row(Bytes(point.Bytes), Error(point.Error), note);
        context.Draw(table);
    }

    private void Tried()
    {
        if (sized.Tried.Count == 0)
            return;
        var samples = sized.Tried[0].HeldOut ? "Measured on held-out samples" : "Measured on the same samples, which are few";
        var table = Tables.Create(samples, ">Size", ">SQNR", "");
        foreach (var one in sized.Tried)
            table.Row(one.Name, Bytes(one.Bytes), Sqnr(one.Noise), one.Taken ? "taken" : "");
        context.Draw(table);
    }

    private void Line(string text) => context.Streams.Out.WriteLine(text);

    private static string Error(double error) => $"{error.ToString("0.###e+0", CultureInfo.InvariantCulture)} ({Sqnr(error)})";

    private static string Sqnr(double noise) => MetricFormat.Format(MetricUnit.Decibel, -10 * Math.Log10(noise));
}

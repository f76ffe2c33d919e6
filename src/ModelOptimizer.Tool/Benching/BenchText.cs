using System.Globalization;
using static ModelOptimizer.Tool.Quantities;

namespace ModelOptimizer.Tool;

/// <summary>Shows what models take.</summary>
internal sealed class BenchText(CommandContext context, BenchOutcome outcome)
{
    private const int MostKernels = 10;

    public void Write()
    {
        Line($"{outcome.Runtime}; {Count(outcome.Samples, "sample")} of {Count(outcome.Batch, "row")} from {outcome.Inputs}");
        if (outcome.Generated)
            Line("Made-up inputs: times on real ones (--data) may differ.");
        foreach (var run in outcome.Runs)
            Run(run);
    }

    private void Run(BenchRun run)
    {
        Line("");
        Line($"{Count(run.Threads, "thread")}, {Count(run.Rounds, "round")}");
        var table = Tables.Create("Model", ">Median", ">p95", ">Rows/s", ">Load", ">Memory", ">Ratio", "Middle half");
        foreach (var model in run.Models)
            table.Row(model.Model, Milliseconds(model.MedianMs), Milliseconds(model.P95Ms), Number(model.RowsPerSecond), Milliseconds(model.LoadMs),
                model.Memory is { } memory ? Bytes(memory.ModelBytes) : "?", Times(model.Ratio),
                model == run.Models[0] ? "" : $"{Times(model.RatioLow)} to {Times(model.RatioHigh)}");
        context.Draw(table);
        foreach (var model in run.Models.Where(model => model.Operators is not null))
            Operators(model);
    }

    private void Operators(BenchedModel model)
    {
        Line("");
        Line($"{model.Model}, by operator as the runtime runs it; the clock itself takes time:");
        var types = Tables.Create("Operator", ">Kernels", ">Per run", ">Share");
        foreach (var type in model.Operators!)
            types.Row(type.Operator, Count(type.Count), Milliseconds(type.Microseconds / 1000), Percent(type.Share));
        context.Draw(types);
        Line("");
        var kernels = Tables.Create("Slowest kernels", "Operator", ">Per run", ">Share");
        foreach (var kernel in model.Kernels!.Take(MostKernels))
            kernels.Row(kernel.Name!, kernel.Operator, Milliseconds(kernel.Microseconds / 1000), Percent(kernel.Share));
        context.Draw(kernels);
    }

    private void Line(string text) => context.Streams.Out.WriteLine(text);

    private static string Times(double ratio) => ratio.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString(value < 100 ? "0.0" : "#,0", CultureInfo.InvariantCulture);

    private static string Milliseconds(double value) =>
        value.ToString(value < 1 ? "0.000" : value < 100 ? "0.00" : "#,0", CultureInfo.InvariantCulture) + " ms";
}

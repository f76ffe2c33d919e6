using System.Globalization;
using ModelOptimizer.Reporting;
using static ModelOptimizer.Tool.Quantities;

namespace ModelOptimizer.Tool;

/// <summary>Shows what quantization made of the time of operators.</summary>
internal sealed class OperatorsText(CommandContext context, OperatorsReport report)
{
    public void Write()
    {
        context.Streams.Out.WriteLine();
        if (report.Types.Count == 0)
        {
            context.Streams.Out.WriteLine("No operator was quantized: there is nothing to time against its float form.");
            return;
        }
        context.Streams.Out.WriteLine($"Quantized operators on {report.Inputs}, 1 thread; the whole model takes "
            + $"{Milliseconds(report.ResultMicroseconds)} instead of {Milliseconds(report.OriginalMicroseconds)} under this clock:");
        var table = Tables.Create("Operator", ">Nodes", ">Float", ">Quantized", ">Ratio", "", "Runs as");
        foreach (var type in report.Types)
            table.Row(type.Operator, Count(type.Nodes.Count), Milliseconds(type.OriginalMicroseconds), Milliseconds(type.ResultMicroseconds),
                Ratio(type), type.IsSlower ? "slower" : "", type.Form);
        context.Draw(table);
    }

    private static string Ratio(OperatorReport type) =>
        (type.ResultMicroseconds / type.OriginalMicroseconds).ToString("0.00", CultureInfo.InvariantCulture);

    private static string Milliseconds(double microseconds) => (microseconds / 1000).ToString("0.000", CultureInfo.InvariantCulture) + " ms";
}

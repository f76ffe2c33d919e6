using System.IO.Hashing;
using System.Text;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Tells apart what quantize-static may make of one model: the nodes, their grids, and how ranges are found, whichever options say so. Codes and
/// scales don't count: they follow, and other CPUs may come to other last bits.
/// </summary>
internal static class StaticPlanDigest
{
    /// <returns>XXH128, as 32 hex digits.</returns>
    public static string Of(QdqPlan plan, QuantizeStaticOptions options)
    {
        var lines = plan.Nodes.Select(node =>
                $"{Name(node.Node)}: {node.Form}, {node.Precision.Activations}, {node.Precision.Weights}, per channel {node.Precision.PerChannel}")
            .Concat(plan.Moving.Select(node => $"{Name(node)}: {plan.GridOf(node)}, absorbed {plan.IsAbsorbed(node)}"))
            .Concat(plan.Measured.Select(value => $"{value.Value.Name}: {value.Grid}, {Describe(options.RangesFor(value.Grid))}"));
        return $"{XxHash128.HashToUInt128(Encoding.UTF8.GetBytes(string.Join('\n', lines))):x32}";
    }

    private static string Describe(Calibration.RangeOptions ranges) => ranges.Calibrator.Describe(ranges);

    private static string Name(Node node) => $"{node.OpType} {ProductNames.Result(node)?.Name}";
}

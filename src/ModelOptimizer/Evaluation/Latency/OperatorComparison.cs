using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>An operator of the original, or all of a type, that the result computes in a quantized form.</summary>
/// <param name="Operator">Its type in the original.</param>
/// <param name="Nodes">The original's nodes, by name.</param>
/// <param name="Form">The kernels that do its work now, what quantizes its inputs among them: <c>QuantizeLinear, QLinearConv</c>.</param>
/// <param name="OriginalMicroseconds">What the float form takes in a run.</param>
/// <param name="ResultMicroseconds">What the quantized form takes.</param>
public sealed record ComparedOperator(string Operator, IReadOnlyList<string> Nodes, string Form, double OriginalMicroseconds, double ResultMicroseconds)
{
    public double Ratio => ResultMicroseconds / OriginalMicroseconds;
}

/// <summary>
/// What quantization made of each operator's time. Kernels of both models are brought back to the original's nodes; where the runtime or a pass made
/// one kernel of several nodes in one model and not in the other, those nodes are compared together.
/// </summary>
/// <param name="Types">By operator type, slowest first.</param>
/// <param name="Nodes">One by one, slowest first.</param>
/// <param name="OriginalMicroseconds">All kernels of the original in a run.</param>
/// <param name="ResultMicroseconds">All kernels of the result.</param>
public sealed record OperatorComparison(
    IReadOnlyList<ComparedOperator> Types, IReadOnlyList<ComparedOperator> Nodes, double OriginalMicroseconds, double ResultMicroseconds)
{
    /// <summary>Slower than this share of the original, and it is more than what a machine's mood makes.</summary>
    private const double Slack = 1.1;

    /// <summary>Of all time: what costs less is not worth a line in a profile.</summary>
    private const double WorthTelling = 0.01;

    /// <summary>Whether the result as a whole is slower.</summary>
    public bool IsSlower => ResultMicroseconds > Slack * OriginalMicroseconds;

    /// <summary>Types whose quantized form is slower on the whole.</summary>
    public IReadOnlyList<ComparedOperator> SlowerTypes => [.. Types.Where(Exceeds)];

    /// <summary>Nodes that are slower though their type on the whole is not.</summary>
    public IReadOnlyList<ComparedOperator> SlowerNodes
    {
        get
        {
            var types = SlowerTypes.Select(type => type.Operator).ToHashSet();
            return [.. Nodes.Where(node => Exceeds(node) && !types.Contains(node.Operator))];
        }
    }

    private bool Exceeds(ComparedOperator compared) => compared.Ratio > Slack
        && compared.ResultMicroseconds - compared.OriginalMicroseconds > WorthTelling * OriginalMicroseconds;

    /// <summary>Compares two profiles.</summary>
    public static OperatorComparison Of(OnnxModel original, IReadOnlyList<KernelTime> originalKernels, OnnxModel result, IReadOnlyList<KernelTime> resultKernels)
    {
        var groups = NodeGroups.Of(original, OwnWork.Of(original, originalKernels), OwnWork.Of(original, result, resultKernels))
            .Where(group => group.IsQuantized && group.Before.Microseconds > 0).ToList();
        return new(
            Slowest(groups.GroupBy(group => group.Head.OpType).Select(type => Compared(type.Key, [.. type]))),
            Slowest(groups.Select(group => Compared(group.Head.OpType, [group]))),
            originalKernels.Sum(Median), resultKernels.Sum(Median));
    }

    internal static double Median(KernelTime kernel) => Spread.Of(kernel.Microseconds).Median;

    private static ComparedOperator Compared(string type, IReadOnlyList<NodeGroup> groups) => new(
        type,
        [.. groups.Select(group => group.Head.Name.Length > 0 ? group.Head.Name : group.Head.Output().Name)],
        string.Join(", ", groups.SelectMany(group => group.After.Kernels).Distinct().Order(StringComparer.Ordinal)),
        groups.Sum(group => group.Before.Microseconds),
        groups.Sum(group => group.After.Microseconds));

    private static List<ComparedOperator> Slowest(IEnumerable<ComparedOperator> compared) => [.. compared.OrderByDescending(one => one.ResultMicroseconds)];
}

using System.ComponentModel;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

public sealed record OrtOptimizeOptions
{
    [Option("How far the runtime goes: basic keeps to standard operators, extended writes operators that only ONNX Runtime has.", IsMain = true,
        Example = "extended")]
    public RuntimeOptimization Level { get; init; } = RuntimeOptimization.Basic;
}

/// <summary>
/// Takes over the graph that ONNX Runtime's own optimizations make of the model on this machine, as it would itself when it loads the
/// original. The result depends on the runtime's version and, with <c>level: extended</c>, runs nowhere else and is made for CPUs.
/// </summary>
[Description("Takes over the graph as ONNX Runtime optimizes it on this machine: bound to the runtime's version and, extended, to CPUs.")]
public sealed class OrtOptimize(OrtOptimizeOptions options) : IGraphPass
{
    /// <summary>The result comes back through memory in one message, which ends at 2 GiB.</summary>
    private const long LargestBytes = 1L << 30;

    /// <summary>By so much weights may grow, and by <see cref="UsualGrowth"/> of what they take: constants that were computed, and zero points.</summary>
    private const long LittleGrowth = 64 << 10;

    private const double UsualGrowth = 0.1;

    public NumericEffect Effect => NumericEffect.Reassociates;

    public void Run(OnnxModel model, PassContext context)
    {
        if (ModelSize.Of(model).Bytes is var bytes && bytes > LargestBytes)
        {
            LeaveOut($"the weights take {new ByteSize(bytes)}, and up to {new ByteSize(LargestBytes)} pass through the runtime", context);
            return;
        }
        if (Optimized(model, context) is not { } optimized || BodyComparison.AreEqual(model.Graph, optimized.Graph))
            return;
        if (ModelSize.Of(optimized).Bytes is var grown && grown > bytes + Math.Max(LittleGrowth, UsualGrowth * bytes))
        {
            LeaveOut($"the runtime would compute constants and store them, and weights of {new ByteSize(bytes)} grow to {new ByteSize(grown)}, as those do "
                + "that palettize and convert-float16 made smaller, or that are stored once for two layers. It does the same when it loads the model", context);
            return;
        }
        if (!context.Rewriting($"take over what {context.Engine.Description} makes of it (level {PassNames.ToKebabCase(options.Level.ToString())})", model.Graph.Name))
            return;
        var before = OwnOperators(model);
        model.TakeOver(optimized);
        context.Diagnostics.Report(Describe(before, OwnOperators(model), context));
    }

    /// <summary>Null, after it was told why, when the runtime's result can't be used.</summary>
    private OnnxModel? Optimized(OnnxModel model, PassContext context)
    {
        try
        {
            var optimized = context.Engine.Optimize(model, options.Level);
            if (Signature(optimized.Graph).SequenceEqual(Signature(model.Graph)))
                return optimized;
            LeaveOut($"{context.Engine.Description} changes the model's signature", context);
        }
        catch (InferenceException e)
        {
            LeaveOut($"{context.Engine.Description} refuses the model: {e.Message}", context);
        }
        return null;
    }

    /// <summary>The names that callers use; up to IR 3 every constant was listed among the inputs, too.</summary>
    private static IEnumerable<string> Signature(Graph graph) => graph.Inputs.Where(input => input.Constant is null).Select(input => input.Name)
        .Append("=>").Concat(graph.Outputs.Select(output => output.Name));

    private static void LeaveOut(string why, PassContext context) =>
        context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.RuntimeOptimizationLeftOut, $"ort-optimize was left out: {why}"));

    /// <summary>How many nodes there are of each operator that only ONNX Runtime has.</summary>
    private static SortedDictionary<string, int> OwnOperators(OnnxModel model) => new(GraphWalker.Nodes(model)
        .Where(node => node.Domain.StartsWith("com.microsoft", StringComparison.Ordinal))
        .CountBy(node => $"{node.Domain}.{node.OpType}").ToDictionary(), StringComparer.Ordinal);

    private static Diagnostic Describe(SortedDictionary<string, int> before, SortedDictionary<string, int> after, PassContext context)
    {
        var written = after.Where(pair => pair.Value > before.GetValueOrDefault(pair.Key)).Select(pair => $"{pair.Key} ({pair.Value - before.GetValueOrDefault(pair.Key)})").ToList();
        return written.Count == 0
            ? new Diagnostic(DiagnosticCatalog.RuntimeBound, $"ort-optimize took over the graph from {context.Engine.Description}; another version may make another one")
            : new Diagnostic(DiagnosticCatalog.RuntimeBound, $"ort-optimize wrote operators that only ONNX Runtime has: {string.Join(", ", written)}. The result runs nowhere else, "
                + "and is made for CPUs") { Severity = Severity.Warning };
    }
}

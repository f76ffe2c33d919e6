using System.ComponentModel;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>Which dimensions get which length.</summary>
public sealed record FixDimensionsOptions
{
    [Option("The length of each axis with this symbol or, as INPUT[AXIS], of an input's axis that may have none.",
        Open = "SYMBOL or INPUT[AXIS]", Minimum = 1, Example = "1")]
    public IReadOnlyList<NamedNumber> Lengths { get; init; } = [];
}

/// <summary>
/// Gives dimensions that callers choose a fixed length, everywhere in the model, so that shapes can be computed beforehand. It changes the
/// model's signature: callers may feed no other length.
/// <code>
/// fix-dimensions: { batch: 1 }
/// float[batch,3] x, float[batch] y  =>  float[1,3] x, float[1] y
/// </code>
/// </summary>
[Description("Gives dimensions that callers choose a fixed length, so that shapes can be computed beforehand. Changes the signature.")]
public sealed class FixDimensions(FixDimensionsOptions options) : IGraphPass
{
    public NumericEffect Effect => NumericEffect.Exact;

    /// <exception cref="DiagnosticException">A dimension is not in the model or has another length; all such are named.</exception>
    public void Run(OnnxModel model, PassContext context)
    {
        var inputs = new FreeDimensions(model.Graph);
        var bindings = options.Lengths.Select(inputs.Bind).ToList();
        if (Mistakes(inputs, bindings).ToList() is { Count: > 0 } mistakes)
            throw new DiagnosticException(mistakes);
        foreach (var binding in bindings.Where(binding => !binding.IsFixed))
            if (context.Rewriting($"fix a dimension at {binding.Length}", binding.Name))
                Apply(binding, model);
    }

    private IEnumerable<Diagnostic> Mistakes(FreeDimensions inputs, IReadOnlyList<DimensionBinding> bindings)
    {
        if (options.Lengths.Count == 0)
            yield return new Diagnostic(DiagnosticCatalog.DimensionUnmatched, $"fix-dimensions names no dimension; {inputs.Choices}");
        foreach (var binding in bindings.Where(binding => binding.Mistake is not null))
            yield return new Diagnostic(DiagnosticCatalog.DimensionUnmatched, binding.Mistake!, binding.Location);
        foreach (var twice in bindings.Where(binding => binding.Symbol is not null).GroupBy(binding => binding.Symbol).Where(group => group.DistinctBy(binding => binding.Length).Count() > 1))
            yield return new Diagnostic(DiagnosticCatalog.DimensionUnmatched,
                $"'{twice.Key}' can't have the lengths {string.Join(" and ", twice.Select(binding => binding.Length))} at once", twice.Last().Location);
    }

    private static void Apply(DimensionBinding binding, OnnxModel model)
    {
        if (binding.Symbol is null)
        {
            var type = binding.Input!.Declared!;
            binding.Input.Type = type with { Shape = new Shape(type.Shape!.Dimensions.SetItem(binding.Axis, binding.Length)) };
            return;
        }
        foreach (var graph in GraphWalker.Graphs(model.Graph))
            Apply(binding, graph);
    }

    /// <summary>A symbol means the same length wherever a model's graphs declare it.</summary>
    private static void Apply(DimensionBinding binding, Graph graph)
    {
        foreach (var value in graph.Inputs.Concat(graph.MadeValues).Where(value => binding.Concerns(TypeOf(value))))
            value.Type = binding.Applied(TypeOf(value)!);
        foreach (var output in graph.Outputs.Where(output => binding.Concerns(output.Type)))
            output.Type = binding.Applied(output.Type!);
    }

    /// <summary>The declared one first: inference may call a symbol otherwise.</summary>
    private static TensorType? TypeOf(Value value) => value.Declared ?? value.Type;
}

using System.ComponentModel;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

public sealed record TieTransposedWeightsOptions
{
    [Option("Smaller weights stay as they are.", Example = "64 KiB")]
    public ByteSize MinSize { get; init; } = new(16 << 10);
}

/// <summary>
/// Stores a matrix that is another's transpose once, as exporters leave the output layer of a language model that shares its embedding. The
/// runtime transposes it when it loads the model, so that neither speed nor memory change, only the file.
/// <code>
/// Gather(w, ids), MatMul(x, v) with v = wᵀ  =>  Gather(w, ids), MatMul(x, Transpose(w))
/// </code>
/// </summary>
[Description("Stores a matrix that is another's transpose once, behind a Transpose that the runtime folds when it loads the model.")]
public sealed class TieTransposedWeights(TieTransposedWeightsOptions options) : IGraphPass
{
    public NumericEffect Effect => NumericEffect.Exact;

    public void Run(OnnxModel model, PassContext context)
    {
        foreach (var root in model.Functions.Select(function => function.Body).Prepend(model.Graph))
        {
            var stored = new Dictionary<(Graph Graph, MatrixFingerprint Fingerprint), Value>();
            foreach (var value in GraphWalker.Graphs(root).SelectMany(graph => graph.MadeValues).Where(IsCandidate).ToList())
            {
                var kept = value;
                if (FindTranspose(value, stored) is { } twin)
                {
                    stored.Remove(KeyOf(twin));
                    kept = Tie(value, twin, context);
                }
                stored.TryAdd(KeyOf(kept), kept);
            }
        }
    }

    private bool IsCandidate(Value value) => value is { Constant: { Dimensions.Length: 2 } matrix, Uses.Count: > 0 }
        && matrix.Dimensions.All(length => length > 1) && matrix.ByteCount >= options.MinSize.Bytes && matrix.ElementCount <= Array.MaxLength
        && matrix.ElementType.BitWidth() is 8 or 16 or 32 or 64;

    private static (Graph, MatrixFingerprint) KeyOf(Value value) => (value.Graph, MatrixFingerprint.Of(value.Constant!));

    /// <summary>The transpose of a matrix among those that its graph can read.</summary>
    private static Value? FindTranspose(Value value, Dictionary<(Graph Graph, MatrixFingerprint Fingerprint), Value> stored)
    {
        var fingerprint = MatrixFingerprint.OfTranspose(value.Constant!);
        for (var graph = value.Graph; graph is not null; graph = graph.Outer)
            if (stored.TryGetValue((graph, fingerprint), out var twin) && TransposedContent.AreTransposes(value.Constant!, twin.Constant!))
                return twin;
        return null;
    }

    /// <returns>The one that is still stored.</returns>
    private static Value Tie(Value value, Value twin, PassContext context)
    {
        // A table whose rows are looked up keeps its form: it could not be quantized by rows behind a Transpose.
        var (kept, dropped) = value.Graph == twin.Graph && value.Uses.Any(WeightSlots.IsLookup) ? (value, twin) : (twin, value);
        if (!context.Rewriting($"read '{kept}' transposed, which is equal", dropped))
            return value;
        context.Compressed(dropped.Name, dropped.Constant!, bytesAfter: 0, $"transpose of '{kept}'");
        var transpose = dropped.Graph.InsertFirst("Transpose", [], name: $"{kept.Name}_transpose");
        transpose.Attributes.Set("perm", 1, 0);
        // The first place of its graph sees initializers, but a Constant node only once it stands before.
        if (kept.Initializer is null)
            kept = MoveFirst(kept);
        transpose.SetInput(0, kept);
        dropped.ReplaceAllUsesWith(transpose.Output());
        dropped.RemoveIfUnused();
        return kept;
    }

    private static Value MoveFirst(Value constant)
    {
        var first = constant.Graph.AddConstant(constant.Name, constant.Constant!);
        constant.Producer!.ReplaceWith(first);
        return first;
    }
}

using System.Globalization;
using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>Chooses weights that become zero, and writes the tensors. With data layers come in the order of the graph: each sees what those before it became.</summary>
internal sealed class WeightSparsity(PassContext context, CalibrationData? data, SparsityMethod method, SparsityPattern pattern, SparsityScope scope)
{
    public void Run(IReadOnlyList<SparseWeight> weights)
    {
        var byLayer = method == SparsityMethod.Magnitude ? [] : weights.Where(weight => weight.Layer is not null).ToDictionary(weight => weight.Layer!.Node);
        var threshold = scope == SparsityScope.Global ? Threshold(weights) : null;
        foreach (var weight in weights.Where(weight => weight.Layer is null || !byLayer.ContainsKey(weight.Layer.Node)))
            Prune(weight, rows => ByMagnitude(rows, weight.Matrix.Depth, threshold), "by magnitude");
        foreach (var level in byLayer.Count == 0 ? [] : LayerLevels.Of(context.Model.Graph, node => byLayer.GetValueOrDefault(node)?.Layer))
        {
            var left = level.Select(layer => layer.Node).ToHashSet();
            ReaderInputs.Visit(context.Model, data!, level, takesMeans: false, (layer, gram) =>
            {
                // Of inputs that are zero or not finite throughout nothing can be told.
                if (!gram.AsSpan().ContainsAnyExcept(0f))
                    return;
                left.Remove(layer.Node);
                var solver = method == SparsityMethod.Sparsegpt ? SparseGpt.Of((float[])gram.Clone(), layer.Depth) : null;
                Prune(byLayer[layer.Node], rows => ByInputs(rows, layer.Depth, gram, solver), solver is null ? "by wanda" : "by sparsegpt");
            });
            foreach (var unseen in level.Where(layer => left.Contains(layer.Node)))
                Prune(byLayer[unseen.Node], rows => ByMagnitude(rows, unseen.Depth, null), "by magnitude, since the calibration data shows no inputs of it");
        }
    }

    private void Prune(SparseWeight weight, Action<float[]> prune, string how)
    {
        var (value, matrix) = (weight.Candidate.Value, weight.Matrix);
        if (context.IsDone)
            return;
        var rows = new float[checked(matrix.Channels * matrix.Depth)];
        using (matrix.Hold())
            matrix.Read(0, matrix.Channels, 0, matrix.Depth, rows);
        if (!FiniteElements.TryExtremes(rows, out _))
        {
            context.RefuseWeight(weight.Candidate.Name, weight.Candidate.Content, WeightGuards.NotFinite(weight.Candidate, context));
            return;
        }
        prune(rows);
        var zeros = (double)rows.AsSpan().Count(0f) / rows.Length;
        if (!context.Rewriting(string.Create(CultureInfo.InvariantCulture, $"make {zeros:0.#%} of the weights zero {how} in"), value))
            return;
        var tensor = Tensor.Create(weight.Candidate.Content.Dimensions.AsSpan(), matrix.ToMemoryOrder(rows));
        value.ReplaceAllUsesWith(context.Model.AddConstant(value.Graph, value.Name, tensor));
        value.RemoveIfUnused();
    }

    private void ByMagnitude(float[] rows, int depth, float? threshold)
    {
        var gone = threshold is { } all ? Array.ConvertAll(rows, weight => MathF.Abs(weight) <= all)
            : SparsityMask.Of(Array.ConvertAll(rows, MathF.Abs), depth, pattern, byRow: false);
        Clear(rows, gone);
    }

    private void ByInputs(float[] rows, int depth, float[] gram, SparseGpt? solver)
    {
        if (solver is not null)
        {
            solver.Prune(rows, pattern);
            return;
        }
        var scores = new float[rows.Length];
        for (var i = 0; i < rows.Length; i++)
            scores[i] = MathF.Abs(rows[i]) * MathF.Sqrt(gram[i % depth * (depth + 1)]);
        Clear(rows, SparsityMask.Of(scores, depth, pattern, byRow: true));
    }

    private static void Clear(float[] rows, bool[] gone)
    {
        for (var i = 0; i < rows.Length; i++)
            if (gone[i])
                rows[i] = 0;
    }

    /// <summary>The magnitude up to which weights of all tensors go.</summary>
    private float? Threshold(IReadOnlyList<SparseWeight> weights)
    {
        var magnitudes = new float[checked(weights.Sum(weight => (long)weight.Matrix.Channels * weight.Matrix.Depth))];
        var end = 0;
        foreach (var weight in weights)
            foreach (var element in weight.Candidate.Content.AsSpan<float>())
                magnitudes[end++] = MathF.Abs(element);
        Array.Sort(magnitudes);
        return pattern.Gone(magnitudes.Length) is > 0 and var gone ? magnitudes[gone - 1] : -1;
    }
}

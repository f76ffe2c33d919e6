using System.Globalization;
using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>
/// Chooses weights that become zero, and writes the tensors. With data layers come in the order of the graph: each sees what those before it became.
/// </summary>
internal sealed class WeightSparsity(PassContext context, CalibrationData? data, SparsityMethod method, SparsityPattern pattern, SparsityScope scope)
{
    public void Run(IReadOnlyList<SparseWeight> weights)
    {
        var byLayer = method == SparsityMethod.Magnitude ? [] : weights.Where(weight => weight.Layer is not null).ToDictionary(weight => weight.Layer!.Node);
        var others = weights.Where(weight => weight.Layer is null || !byLayer.ContainsKey(weight.Layer.Node)).Where(IsFinite).ToList();
        var all = scope == SparsityScope.Global ? GlobalMagnitude.Of(others, pattern) : null;
        foreach (var weight in others)
            Prune(weight, rows => ByMagnitude(rows, weight.Matrix.Depth, all), "by magnitude");
        if (byLayer.Count == 0)
            return;
        var inputs = new SparseInputs(context.Model, data!);
        foreach (var level in new LayerLevels<RefitLayer>(context.Model.Graph, node => byLayer.GetValueOrDefault(node)?.Layer).Levels)
            PruneLevel(level, byLayer, inputs);
        // Of what layers read nothing depends on their own weights, or on those behind: what was seen is still so.
        context.Inputs.Keep(inputs.Kept, context.Model.ChangeCount);
    }

    private void PruneLevel(IReadOnlyList<RefitLayer> level, Dictionary<Node, SparseWeight> byLayer, SparseInputs inputs)
    {
        var left = level.Select(layer => layer.Node).ToHashSet();
        inputs.Visit(level, (layer, gram) =>
        {
            // Of inputs that are zero or not finite throughout nothing can be told.
            if (!gram.AsSpan().ContainsAnyExcept(0f))
                return;
            left.Remove(layer.Node);
            if (!IsFinite(byLayer[layer.Node]))
                return;
            var solver = method == SparsityMethod.Sparsegpt ? SparseGpt.Of((float[])gram.Clone(), layer.Depth) : null;
            Prune(byLayer[layer.Node], rows => ByInputs(rows, layer.Depth, gram, solver), solver is null ? "by wanda" : "by sparsegpt");
        });
        foreach (var unseen in level.Where(layer => left.Contains(layer.Node)).Select(layer => byLayer[layer.Node]).Where(IsFinite))
            Prune(unseen, rows => ByMagnitude(rows, unseen.Matrix.Depth, null), "by magnitude, since the calibration data shows no inputs of it");
    }

    private bool IsFinite(SparseWeight weight)
    {
        var isFinite = FiniteElements.TryExtremes(weight.Candidate.Content.AsSpan<float>(), out _);
        if (!isFinite)
            context.RefuseWeight(weight.Candidate.Name, weight.Candidate.Content, WeightGuards.NotFinite(weight.Candidate, context));
        return isFinite;
    }

    private void Prune(SparseWeight weight, Action<float[]> prune, string how)
    {
        var (value, matrix) = (weight.Candidate.Value, weight.Matrix);
        if (context.IsDone)
            return;
        var rows = new float[checked(matrix.Channels * matrix.Depth)];
        using (matrix.Hold())
            matrix.Read(0, matrix.Channels, 0, matrix.Depth, rows);
        prune(rows);
        var zeros = (double)rows.AsSpan().Count(0f) / rows.Length;
        if (!context.Rewriting(string.Create(CultureInfo.InvariantCulture, $"make {zeros:0.#%} of the weights zero {how} in"), value))
            return;
        var tensor = Tensor.Create(weight.Candidate.Content.Dimensions.AsSpan(), matrix.ToMemoryOrder(rows));
        value.ReplaceAllUsesWith(context.Model.AddConstant(value.Graph, value.Name, tensor));
        value.RemoveIfUnused();
    }

    private void ByMagnitude(float[] rows, int depth, GlobalMagnitude? all) =>
        Clear(rows, all?.Mask(rows) ?? SparsityMask.Of(Array.ConvertAll(rows, MathF.Abs), depth, pattern, byRow: false));

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
}

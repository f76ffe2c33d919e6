using System.Numerics.Tensors;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>
/// Fits the weights of one layer so that it makes of what it reads now what the original made there, as nearly as possible:
/// <code>
/// W ← W + argmin ‖X·D − (Y − X·W − b)‖² + λ·‖D‖²
/// </code>
/// The penalty is on the change, so that few rows change little. A place for a bias takes the difference of the means.
/// </summary>
internal sealed class LayerRefit
{
    /// <summary>Of the samples one in four judges.</summary>
    private const int JudgingShare = 4;

    /// <summary>What a regression solves with and keeps is a few square matrices of the inputs.</summary>
    public const int MaxDepth = 1 << 13;

    private readonly RefitLayer _layer;
    private readonly float[] _columns;
    private readonly float[] _inputs;
    private readonly float[] _missed;
    private readonly int _judging;

    private LayerRefit(RefitLayer layer, float[] inputs, float[] missed, int rows, int judging)
    {
        (_layer, _columns, _inputs, _missed, Rows, _judging) = (layer, layer.ReadColumns(), inputs, missed, rows, judging);
        MatrixProduct.AddParallel(MatrixView.Of(_missed, rows, layer.Outputs), MatrixView.Of(_inputs, rows, layer.Depth),
            MatrixView.Of(_columns, layer.Depth, layer.Outputs), sign: -1);
    }

    /// <summary>How many rows there are.</summary>
    public int Rows { get; }

    /// <summary>Pairs what the layer reads with what it should make; rows that are not finite in either are left out.</summary>
    /// <param name="inputs">What it reads now.</param>
    /// <param name="targets">What the original makes there, without a bias that another node adds.</param>
    /// <param name="kept">Which of the original's outputs the layer still has; null for all.</param>
    /// <returns>Null where there are no such rows, or too few to judge by.</returns>
    public static LayerRefit? Of(RefitLayer layer, PlacedRows inputs, PlacedRows targets, IReadOnlyList<int>? kept)
    {
        var places = kept ?? [.. Enumerable.Range(0, layer.Outputs)];
        if (inputs.Width != layer.Depth || places.Count != layer.Outputs || targets.Width <= places[^1] || (kept is null && targets.Width != layer.Outputs))
            return null;
        var pairs = Pairs(inputs, targets);
        // Those that judge stand behind those that decide.
        pairs = [.. pairs.Where(pair => !pair.IsJudge), .. pairs.Where(pair => pair.IsJudge)];
        var judging = pairs.Count(pair => pair.IsJudge);
        if (judging == 0 || judging == pairs.Count)
            return null;
        var (x, y) = (new float[checked(pairs.Count * layer.Depth)], new float[checked(pairs.Count * layer.Outputs)]);
        for (var row = 0; row < pairs.Count; row++)
        {
            var made = pairs[row].Made.Span;
            pairs[row].Read.Span.CopyTo(x.AsSpan(row * layer.Depth));
            for (var output = 0; output < layer.Outputs; output++)
                y[row * layer.Outputs + output] = made[places[output]];
        }
        return new LayerRefit(layer, x, y, pairs.Count, judging);
    }

    /// <summary>Rows of the same samples; those that have another number of rows by now, as what is found in pictures has, are left out.</summary>
    private static List<(bool IsJudge, ReadOnlyMemory<float> Read, ReadOnlyMemory<float> Made)> Pairs(PlacedRows inputs, PlacedRows targets)
    {
        var made = targets.Samples.ToLookup(sample => sample.Sample, sample => sample.Rows);
        var pairs = new List<(bool, ReadOnlyMemory<float>, ReadOnlyMemory<float>)>();
        foreach (var (sample, read) in inputs.Samples)
        {
            var rows = read.Length / inputs.Width;
            if (made[sample].FirstOrDefault() is not { } target || target.Length / targets.Width != rows)
                continue;
            for (var row = 0; row < rows; row++)
            {
                var pair = (Read: read.AsMemory(row * inputs.Width, inputs.Width), Made: target.AsMemory(row * targets.Width, targets.Width));
                var turn = inputs.Samples.Count < JudgingShare ? row : sample;
                if (IsFinite(pair.Read.Span) && IsFinite(pair.Made.Span))
                    pairs.Add((turn % JudgingShare == JudgingShare - 1, pair.Read, pair.Made));
            }
        }
        return pairs;
    }

    /// <summary>Fits, and writes where that is better on the rows that judge.</summary>
    /// <param name="announce">Asked before the change, with the share of squared errors that is left; no means no change.</param>
    /// <returns>Why the layer stays as it is; null when it changed.</returns>
    public string? Run(OnnxModel model, Func<double, bool> announce)
    {
        var (depth, outputs) = (_layer.Depth, _layer.Outputs);
        if (_layer.Bias is not null && !_layer.Node.Is("MatMul") && _layer.Node.Input(2) is { } bias)
            RowMeans.Add(_missed, bias.Constant!.AsSpan<float>(), -1);
        var before = Squares(_judging);
        var (meansOfInputs, meansOfMissed) = _layer.Bias is null ? (null, null) : (Center(_inputs, depth), Center(_missed, outputs));
        var centered = Squares(_judging);
        var decides = Rows - _judging;
        var answer = RidgeRegression.Solve(Part(0, decides), Part(decides, _judging));
        var left = answer?.SquaresLeft ?? centered;
        if (left >= before)
            return before == 0 ? "its outputs are what they were" : "no other weights bring its outputs closer on samples that had no part in the fit";
        if (!announce(left / before))
            return null;
        if (answer is not null)
        {
            TensorPrimitives.Add(_columns, answer.Weights, _columns);
            _layer.WriteColumns(_columns, model);
        }
        if (meansOfMissed is not null)
        {
            if (answer is not null)
                MatrixProduct.AddParallel(MatrixView.Of(meansOfMissed, 1, outputs), MatrixView.Of(meansOfInputs!, 1, depth),
                    MatrixView.Of(answer.Weights, depth, outputs), sign: -1);
            _layer.Bias!.Add(meansOfMissed, model);
        }
        return null;
    }

    private static bool IsFinite(ReadOnlySpan<float> row) => float.IsFinite(TensorPrimitives.SumOfMagnitudes(row));

    private RegressionRows Part(int start, int count) => new(
        MatrixView.Of(_inputs, Rows, _layer.Depth).Slice(start, count, 0, _layer.Depth),
        MatrixView.Of(_missed, Rows, _layer.Outputs).Slice(start, count, 0, _layer.Outputs));

    /// <summary>‖Y − X·W‖² of the last rows.</summary>
    private double Squares(int last)
    {
        var sum = 0.0;
        for (var row = Rows - last; row < Rows; row++)
            sum += TensorPrimitives.SumOfSquares<float>(_missed.AsSpan(row * _layer.Outputs, _layer.Outputs));
        return sum;
    }

    /// <summary>Takes the means of the rows that decide off all rows.</summary>
    private float[] Center(float[] rows, int width)
    {
        var means = RowMeans.Of([(rows, Rows - _judging)], width);
        RowMeans.Add(rows, means, -1);
        return means;
    }
}

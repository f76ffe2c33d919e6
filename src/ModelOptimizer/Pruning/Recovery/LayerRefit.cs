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
    private readonly FloatBuffers _buffers;
    private readonly int _depth;
    private readonly int _outputs;
    private readonly float[] _columns;
    private readonly float[] _inputs;
    private readonly float[] _missed;
    private readonly int _judging;

    private LayerRefit(RefitLayer layer, float[] inputs, float[] missed, int rows, int judging, FloatBuffers buffers)
    {
        (_layer, _buffers, _depth, _outputs) = (layer, buffers, layer.Depth, layer.Outputs);
        (_columns, _inputs, _missed, Rows, _judging) = (layer.ReadColumns(buffers.Rent(checked(_depth * _outputs))), inputs, missed, rows, judging);
        MatrixProduct.AddParallel(MatrixView.Of(_missed, rows, _outputs), MatrixView.Of(_inputs, rows, _depth), MatrixView.Of(_columns, _depth, _outputs), sign: -1);
    }

    /// <summary>How many rows there are.</summary>
    public int Rows { get; }

    /// <summary>Pairs what the layer reads with what it should make; rows that are not finite in either are left out.</summary>
    /// <param name="inputs">What it reads now.</param>
    /// <param name="targets">What the original makes there, without a bias that another node adds.</param>
    /// <param name="kept">Which of the original's outputs the layer still has; null for all.</param>
    /// <param name="buffers">Where arrays come from, and go to.</param>
    /// <returns>Null where there are no such rows, or too few to judge by.</returns>
    public static LayerRefit? Of(RefitLayer layer, PlacedRows inputs, PlacedRows targets, IReadOnlyList<int>? kept, FloatBuffers buffers)
    {
        var (depth, outputs) = (layer.Depth, layer.Outputs);
        var places = kept ?? [.. Enumerable.Range(0, outputs)];
        if (inputs.Width != depth || places.Count != outputs || targets.Width <= places[^1] || (kept is null && targets.Width != outputs))
            return null;
        var pairs = Pairs(inputs, targets);
        // Those that judge stand behind those that decide.
        pairs = [.. pairs.Where(pair => !pair.IsJudge), .. pairs.Where(pair => pair.IsJudge)];
        var judging = pairs.Count(pair => pair.IsJudge);
        if (judging == 0 || judging == pairs.Count)
            return null;
        var (x, y) = (buffers.Rent(checked(pairs.Count * depth)), buffers.Rent(checked(pairs.Count * outputs)));
        for (var row = 0; row < pairs.Count; row++)
        {
            var made = pairs[row].Made.Span;
            pairs[row].Read.Span.CopyTo(x.AsSpan(row * depth));
            for (var output = 0; output < outputs; output++)
                y[row * outputs + output] = made[places[output]];
        }
        return new LayerRefit(layer, x, y, pairs.Count, judging, buffers);
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

    /// <summary>Fits, and writes where that is better on the rows that judge. It can be done once.</summary>
    /// <param name="announce">Asked before the change, with the share of squared errors that is left; no means no change.</param>
    /// <returns>Why the layer stays as it is; null when it changed.</returns>
    public string? Run(OnnxModel model, Func<double, bool> announce)
    {
        var (why, isColumnsTaken) = Fit(model, announce);
        foreach (var buffer in isColumnsTaken ? (float[][])[_inputs, _missed] : [_inputs, _missed, _columns])
            _buffers.Return(buffer);
        return why;
    }

    private (string? Why, bool IsColumnsTaken) Fit(OnnxModel model, Func<double, bool> announce)
    {
        var (depth, outputs) = (_depth, _outputs);
        if (_layer.Bias is not null && !_layer.Node.Is("MatMul") && _layer.Node.Input(2) is { } bias)
            RowMeans.Add(_missed, bias.Constant!.AsSpan<float>(), -1);
        var before = Squares(_judging);
        var (meansOfInputs, meansOfMissed) = _layer.Bias is null ? (null, null) : (Center(_inputs, depth), Center(_missed, outputs));
        var centered = Squares(_judging);
        var decides = Rows - _judging;
        var answer = RidgeRegression.Solve(Part(0, decides), Part(decides, _judging), _buffers);
        var left = answer?.SquaresLeft ?? centered;
        if (left >= before)
            return (before == 0 ? "its outputs are what they were" : "no other weights bring its outputs closer on samples that had no part in the fit", false);
        if (!announce(left / before))
            return (null, false);
        var isTaken = false;
        if (answer is not null)
        {
            TensorPrimitives.Add(_columns, answer.Weights, _columns);
            isTaken = _layer.WriteColumns(_columns, model);
        }
        if (meansOfMissed is not null)
        {
            if (answer is not null)
                MatrixProduct.AddParallel(MatrixView.Of(meansOfMissed, 1, outputs), MatrixView.Of(meansOfInputs!, 1, depth),
                    MatrixView.Of(answer.Weights, depth, outputs), sign: -1);
            _layer.Bias!.Add(meansOfMissed, model);
        }
        if (answer is not null)
            _buffers.Return(answer.Weights);
        return (null, isTaken);
    }

    private static bool IsFinite(ReadOnlySpan<float> row) => float.IsFinite(TensorPrimitives.SumOfMagnitudes(row));

    private RegressionRows Part(int start, int count) => new(
        MatrixView.Of(_inputs, Rows, _depth).Slice(start, count, 0, _depth),
        MatrixView.Of(_missed, Rows, _outputs).Slice(start, count, 0, _outputs));

    /// <summary>‖Y − X·W‖² of the last rows.</summary>
    private double Squares(int last)
    {
        var sum = 0.0;
        for (var row = Rows - last; row < Rows; row++)
            sum += TensorPrimitives.SumOfSquares<float>(_missed.AsSpan(row * _outputs, _outputs));
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

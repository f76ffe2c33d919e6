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
    /// <returns>Null where there are no such rows, or too few to judge by.</returns>
    public static LayerRefit? Of(RefitLayer layer, PlacedRows inputs, PlacedRows targets)
    {
        if (inputs.Width != layer.Depth || targets.Width != layer.Outputs)
            return null;
        var (x, y, rows, judging) = (new List<float>(), new List<float>(), 0, 0);
        // Those that judge stand behind those that decide.
        foreach (var judges in new[] { false, true })
            foreach (var ((sample, read), (_, made)) in inputs.Samples.Zip(targets.Samples))
                for (var row = 0; row < read.Length / inputs.Width; row++)
                {
                    var isJudge = inputs.Samples.Count < JudgingShare ? row % JudgingShare == JudgingShare - 1 : sample % JudgingShare == JudgingShare - 1;
                    var from = read.AsSpan(row * inputs.Width, inputs.Width);
                    var to = made.AsSpan(row * targets.Width, targets.Width);
                    if (isJudge != judges || !IsFinite(from) || !IsFinite(to))
                        continue;
                    x.AddRange(from);
                    y.AddRange(to);
                    rows++;
                    judging += judges ? 1 : 0;
                }
        return judging > 0 && rows > judging ? new LayerRefit(layer, [.. x], [.. y], rows, judging) : null;
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

using System.Globalization;
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
/// <param name="rows">X and Y; they are changed.</param>
/// <param name="buffers">Where large arrays come from, and go to.</param>
internal sealed class LayerRefit(RefitLayer layer, RefitRows rows, FloatBuffers buffers)
{
    /// <summary>What a regression solves with and keeps is a few square matrices of the inputs.</summary>
    public const int MaxDepth = 1 << 13;

    /// <summary>Why a node stays as it is that makes what it made.</summary>
    public const string Unchanged = "its outputs are what they were";

    /// <summary>Fits, and writes where that is better on the rows that judge.</summary>
    /// <param name="announce">Asked before the change, with the change in words; no means no change.</param>
    /// <returns>Why the layer stays as it is; null when it changed.</returns>
    public string? Run(OnnxModel model, Func<string, bool> announce)
    {
        if (rows.InputWidth != layer.Depth || rows.TargetWidth != layer.Outputs)
            return RefitRows.Others;
        var columns = layer.ReadColumns(buffers.Rent(checked(layer.Depth * layer.Outputs)));
        var (why, isTaken) = Run(columns, model, announce);
        if (!isTaken)
            buffers.Return(columns);
        return why;
    }

    /// <returns>Also whether the model reads the array from now on.</returns>
    private (string? Why, bool IsTaken) Run(float[] columns, OnnxModel model, Func<string, bool> announce)
    {
        var (depth, outputs) = (layer.Depth, layer.Outputs);
        MatrixProduct.AddParallel(All(rows.Targets), All(rows.Inputs), MatrixView.Of(columns, depth, outputs), sign: -1);
        if (layer.AddedBias is { } bias)
            RowMeans.Add(rows.Targets, Spread(bias), -1);
        var before = Squares();
        var (meansOfInputs, meansOfMissed) = layer.Bias is null ? (null, null) : (Center(rows.Inputs, depth), Center(rows.Targets, outputs));
        var answer = RidgeRegression.Solve(Part(0, rows.Deciding), Part(rows.Deciding, rows.Judging), buffers);
        var left = answer?.SquaresLeft ?? Squares();
        if (left >= before)
            return (before == 0 ? Unchanged : "no other weights bring its outputs closer on samples that had no part in the fit", false);
        var share = (100 * left / before).ToString("0.#", CultureInfo.InvariantCulture);
        if (!announce($"fit weights to what is left, which leaves {share}% of the squared error, of"))
            return (null, false);
        var isTaken = false;
        if (answer is not null)
        {
            TensorPrimitives.Add(columns, answer.Weights, columns);
            isTaken = layer.WriteColumns(columns, model);
        }
        if (meansOfMissed is not null)
        {
            if (answer is not null)
                MatrixProduct.AddParallel(MatrixView.Of(meansOfMissed, 1, outputs), MatrixView.Of(meansOfInputs!, 1, depth),
                    MatrixView.Of(answer.Weights, depth, outputs), sign: -1);
            layer.Bias!.Add(meansOfMissed, model);
        }
        if (answer is not null)
            buffers.Return(answer.Weights);
        return (null, isTaken);
    }

    private MatrixView All(float[] elements) => MatrixView.Of(elements, rows.Count, elements.Length / rows.Count);

    private RegressionRows Part(int start, int count) =>
        new(All(rows.Inputs).Slice(start, count, 0, layer.Depth), All(rows.Targets).Slice(start, count, 0, layer.Outputs));

    /// <summary>‖Y − X·W − b‖² of the rows that judge.</summary>
    private double Squares()
    {
        var sum = 0.0;
        for (var row = rows.Deciding; row < rows.Count; row++)
            sum += TensorPrimitives.SumOfSquares<float>(All(rows.Targets).Row(row));
        return sum;
    }

    /// <summary>Takes the means of the rows that decide off all rows.</summary>
    private float[] Center(float[] elements, int width)
    {
        var means = RowMeans.Of([(elements, rows.Deciding)], width);
        RowMeans.Add(elements, means, -1);
        return means;
    }

    /// <summary>A number for each channel, for each of its outputs.</summary>
    private float[] Spread(Onnx.Tensor channels)
    {
        var (numbers, places) = (channels.AsSpan<float>().ToArray(), layer.PlacesOfChannel);
        return places == 1 ? numbers : [.. numbers.SelectMany(number => Enumerable.Repeat(number, places))];
    }
}

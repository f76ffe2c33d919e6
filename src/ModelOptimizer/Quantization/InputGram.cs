using System.Numerics.Tensors;
using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Quantization;

/// <summary>
/// XᵀX of the rows X that a layer reads on calibration data: what the layer's weights may miss by, and what that costs, is all in it. Every other
/// sample goes into a matrix of its own, so that what one half suggests the other can judge; a lone sample is cut in two.
/// </summary>
internal sealed class InputGram : Calibration.IObserver<InputGram>
{
    private readonly List<float[]> _rows = [];
    private int _samples;
    private bool _isMirrored;

    /// <summary>Inputs of the layer; 0 before any row came.</summary>
    public int Depth { get; private set; }

    /// <summary>XᵀX [depth, depth] of the half that decides; its upper triangle counts.</summary>
    public float[] Deciding { get; private set; } = [];

    /// <summary>The same of the half that judges.</summary>
    public float[] Judging { get; private set; } = [];

    /// <summary><see cref="Judging"/> with both triangles.</summary>
    public float[] Judge
    {
        get
        {
            if (!_isMirrored)
                MatrixProduct.Mirror(MatrixView.Of(Judging, Depth, Depth));
            _isMirrored = true;
            return Judging;
        }
    }

    /// <summary>How many rows decide.</summary>
    public int DecidingRows { get; private set; }

    /// <summary>How many rows judge.</summary>
    public int JudgingRows { get; private set; }

    /// <param name="value">float32 [..., depth]; rows that are not finite are passed over.</param>
    public void Observe(Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.ElementType != DataType.Float || value.Dimensions.Length == 0 || value.ElementCount == 0)
            return;
        Depth = checked((int)value.Dimensions[^1]);
        var elements = value.AsSpan<float>();
        _rows.Add(FiniteElements.TryExtremes(elements, out _) ? elements.ToArray() : Finite(elements, Depth));
    }

    public void Merge(InputGram later)
    {
        ArgumentNullException.ThrowIfNull(later);
        if (later.Depth == 0)
            return;
        Begin(later.Depth);
        foreach (var rows in later._rows)
            Add(MatrixView.Of(rows, rows.Length / Depth, Depth));
        _samples++;
    }

    /// <summary>The inputs of several layers that share a weight, as one.</summary>
    public static InputGram Join(IEnumerable<InputGram> inputs)
    {
        var joined = new InputGram();
        foreach (var gram in inputs.Where(gram => gram.Depth > 0))
            joined.Add(gram);
        return joined;
    }

    private void Add(InputGram other)
    {
        Begin(other.Depth);
        TensorPrimitives.Add(Deciding, other.Deciding, Deciding);
        TensorPrimitives.Add(Judging, other.Judging, Judging);
        DecidingRows += other.DecidingRows;
        JudgingRows += other.JudgingRows;
    }

    private void Begin(int depth)
    {
        if (Depth == 0)
            (Depth, Deciding, Judging) = (depth, new float[depth * depth], new float[depth * depth]);
    }

    private void Add(MatrixView rows)
    {
        var deciding = _samples == 0 ? (rows.Rows + 1) / 2 : _samples % 2 == 0 ? rows.Rows : 0;
        MatrixProduct.AddGram(MatrixView.Of(Deciding, Depth, Depth), rows.Slice(0, deciding, 0, Depth));
        MatrixProduct.AddGram(MatrixView.Of(Judging, Depth, Depth), rows.Slice(deciding, rows.Rows - deciding, 0, Depth));
        DecidingRows += deciding;
        JudgingRows += rows.Rows - deciding;
    }

    private static float[] Finite(ReadOnlySpan<float> elements, int depth)
    {
        var rows = new List<float>(elements.Length);
        for (var start = 0; start < elements.Length; start += depth)
            if (FiniteElements.TryExtremes(elements.Slice(start, depth), out _))
                rows.AddRange(elements.Slice(start, depth));
        return [.. rows];
    }
}

using System.Numerics.Tensors;
using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Quantization;

/// <summary>
/// XᵀX of the rows X that a layer reads on calibration data: what the layer's weights may miss by, and what that costs, is all in it. Every other
/// sample goes into a matrix of its own, so that what one half suggests the other can judge; the first is cut in two, since it may be the only one.
/// </summary>
internal sealed class InputGram : Calibration.IObserver<InputGram>
{
    private readonly List<float[]> _rows = [];
    private int _samples;
    private (bool Deciding, bool Judging) _isMirrored;

    /// <summary>Inputs of the layer; 0 before any row came.</summary>
    public int Depth { get; private set; }

    /// <summary>XᵀX [depth, depth] of the half that decides; its upper triangle counts. Empty before any row came.</summary>
    public float[] Deciding { get; private set; } = [];

    /// <summary>The same of the half that judges.</summary>
    public float[] Judging { get; private set; } = [];

    /// <summary><see cref="Deciding"/> with both triangles.</summary>
    public float[] Decide => Mirrored(Deciding, ref _isMirrored.Deciding);

    /// <summary><see cref="Judging"/> with both triangles.</summary>
    public float[] Judge => Mirrored(Judging, ref _isMirrored.Judging);

    /// <summary>How many rows decide.</summary>
    public int DecidingRows { get; private set; }

    /// <summary>How many rows judge.</summary>
    public int JudgingRows { get; private set; }

    /// <summary>How many rows were passed over since they are not finite.</summary>
    public int DamagedRows { get; private set; }

    /// <param name="value">float32, float16 or bfloat16 [..., depth]; rows that are not finite are passed over.</param>
    public void Observe(Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.ElementType is not (DataType.Float or DataType.Float16 or DataType.BFloat16) || value.Dimensions.Length == 0 || value.ElementCount == 0)
            return;
        Depth = checked((int)value.Dimensions[^1]);
        var elements = value.ToFloats();
        _rows.Add(FiniteElements.TryExtremes(elements, out _) ? elements : Finite(elements));
    }

    public void Merge(InputGram later)
    {
        ArgumentNullException.ThrowIfNull(later);
        if (later.Depth == 0)
            return;
        Depth = later.Depth;
        DamagedRows += later.DamagedRows;
        foreach (var rows in later._rows)
            Add(MatrixView.Of(rows, rows.Length / Depth, Depth));
        _samples++;
    }

    /// <summary>The inputs of several layers that share a weight, as one.</summary>
    public static InputGram Join(IEnumerable<InputGram> inputs)
    {
        var all = inputs.Where(gram => gram.Depth > 0).ToList();
        if (all.Count == 1)
            return all[0];
        var joined = new InputGram();
        all.ForEach(joined.Add);
        return joined;
    }

    private void Add(InputGram other)
    {
        Depth = other.Depth;
        DecidingRows += other.DecidingRows;
        JudgingRows += other.JudgingRows;
        DamagedRows += other.DamagedRows;
        Begin();
        TensorPrimitives.Add(Deciding, other.Deciding, Deciding);
        TensorPrimitives.Add(Judging, other.Judging, Judging);
    }

    private void Add(MatrixView rows)
    {
        var deciding = _samples == 0 ? (rows.Rows + 1) / 2 : _samples % 2 == 0 ? rows.Rows : 0;
        DecidingRows += deciding;
        JudgingRows += rows.Rows - deciding;
        Begin();
        MatrixProduct.AddGram(MatrixView.Of(Deciding, Depth, Depth), rows.Slice(0, deciding, 0, Depth));
        MatrixProduct.AddGram(MatrixView.Of(Judging, Depth, Depth), rows.Slice(deciding, rows.Rows - deciding, 0, Depth));
    }

    private float[] Mirrored(float[] upper, ref bool isMirrored)
    {
        if (!isMirrored)
            MatrixProduct.Mirror(MatrixView.Of(upper, Depth, Depth));
        isMirrored = true;
        return upper;
    }

    private void Begin()
    {
        if (Deciding.Length == 0)
            (Deciding, Judging) = (new float[Depth * Depth], new float[Depth * Depth]);
    }

    /// <summary>The rows without those that are not finite.</summary>
    private float[] Finite(ReadOnlySpan<float> elements)
    {
        var rows = new List<float>(elements.Length);
        for (var start = 0; start < elements.Length; start += Depth)
            if (FiniteElements.TryExtremes(elements.Slice(start, Depth), out _))
                rows.AddRange(elements.Slice(start, Depth));
            else
                DamagedRows++;
        return [.. rows];
    }
}

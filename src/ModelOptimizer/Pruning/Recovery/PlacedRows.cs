using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>
/// Rows of a value at places that follow from the sample and their number alone, so that those of what a layer reads in one model stand beside those
/// of what it makes in another.
/// </summary>
/// <param name="form">How rows are found.</param>
/// <param name="most">How many are taken of a sample, spread evenly.</param>
/// <param name="buffers">Where arrays of rows come from, and go to.</param>
internal sealed class PlacedRows(RowForm form, int most, FloatBuffers buffers) : Calibration.IObserver<PlacedRows>
{
    private readonly List<(long Sample, float[] Rows)> _samples = [];

    /// <summary>Elements of a row; 0 before any came.</summary>
    public int Width { get; private set; }

    /// <summary>In the order of samples: which, and its rows one behind the other.</summary>
    public IReadOnlyList<(long Sample, float[] Rows)> Samples => _samples;

    /// <summary>By sample: its rows one behind the other.</summary>
    public Dictionary<long, float[]> BySample() => _samples.ToDictionary(sample => sample.Sample, sample => sample.Rows);

    public void Observe(Tensor value) => throw new NotSupportedException("Rows belong to samples");

    /// <param name="value">float32; others, and those of another rank, are passed over.</param>
    public void Observe(Tensor value, Sample sample)
    {
        if (value.ElementType != DataType.Float || value.ElementCount == 0 || !form.Fits(value))
            return;
        Width = form.RowWidth(value);
        var places = EvenPick.Of(form.Count(value), most).ToList();
        var rows = buffers.Rent(checked(places.Count * Width));
        form.Read(value, places, rows);
        _samples.Add((sample.Index, rows));
    }

    /// <summary>Lets the rows go; the width stays.</summary>
    public void Forget()
    {
        _samples.ForEach(sample => buffers.Return(sample.Rows));
        _samples.Clear();
    }

    public void Merge(PlacedRows later)
    {
        if (later.Width > 0)
            Width = later.Width;
        _samples.AddRange(later._samples);
    }
}

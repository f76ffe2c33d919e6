using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>A value seen as rows.</summary>
/// <param name="Value">The value.</param>
/// <param name="Form">How rows are found.</param>
/// <param name="Width">Elements of a row.</param>
/// <param name="Most">How many are taken of a sample, spread evenly.</param>
internal sealed record RowView(Value Value, RowForm Form, int Width, int Most)
{
    /// <summary>Shows values in all the ways that are asked for, in one run over the data.</summary>
    /// <param name="model">The model as it is now, which stays so.</param>
    /// <param name="buffers">Where arrays of rows come from.</param>
    public static IReadOnlyDictionary<RowView, PlacedRows> Observe(CalibrationData data, OnnxModel model, IEnumerable<RowView> views, FloatBuffers buffers)
    {
        var byValue = views.Distinct().GroupBy(view => view.Value).ToDictionary(some => some.Key, some => some.ToList());
        var seen = data.Observe(model, [.. byValue.Keys], value => new Views(byValue[value], buffers));
        return seen.Values.SelectMany(observer => observer.Rows).ToDictionary(pair => pair.View, pair => pair.Rows);
    }

    /// <summary>How many rows a sample has, in all the ways that are asked for.</summary>
    /// <param name="data">One sample.</param>
    public static IReadOnlyDictionary<RowView, long> CountRows(CalibrationData data, OnnxModel model, IEnumerable<RowView> views)
    {
        var byValue = views.Distinct().GroupBy(view => view.Value).ToDictionary(some => some.Key, some => some.ToList());
        var seen = data.Observe(model, [.. byValue.Keys], value => new Counts(byValue[value]));
        return seen.Values.SelectMany(observer => observer.Rows).ToDictionary();
    }

    private sealed class Counts(List<RowView> views) : Calibration.IObserver<Counts>
    {
        public Dictionary<RowView, long> Rows { get; } = [];

        public void Observe(Tensor value)
        {
            foreach (var view in views.Where(view => value.ElementCount > 0 && view.Form.Fits(value)))
                Rows[view] = Math.Min(view.Form.Count(value), view.Most);
        }

        public void Merge(Counts later)
        {
            foreach (var (view, rows) in later.Rows)
                Rows[view] = rows;
        }
    }

    private sealed class Views(List<RowView> views, FloatBuffers buffers) : Calibration.IObserver<Views>
    {
        public List<(RowView View, PlacedRows Rows)> Rows { get; } = views.ConvertAll(view => (view, new PlacedRows(view.Form, view.Most, buffers)));

        public void Observe(Tensor value) => throw new NotSupportedException("Rows belong to samples");

        public void Observe(Tensor value, Sample sample) => Rows.ForEach(view => view.Rows.Observe(value, sample));

        public void Merge(Views later)
        {
            for (var i = 0; i < Rows.Count; i++)
                Rows[i].Rows.Merge(later.Rows[i].Rows);
        }
    }
}

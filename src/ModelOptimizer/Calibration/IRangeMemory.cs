using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>Keeps ranges from one run to the next.</summary>
internal interface IRangeMemory
{
    /// <summary>The ranges of values; those not known yet are measured, and known from then on.</summary>
    /// <param name="values">Of the model of this run.</param>
    /// <param name="options">How ranges are found: under other options they are others.</param>
    /// <param name="measure">Finds the ranges of some of the values; a value that was never computed has none.</param>
    IReadOnlyDictionary<Value, ValueRange> Recall(IReadOnlyCollection<Value> values, RangeOptions options,
        Func<IReadOnlyCollection<Value>, IReadOnlyDictionary<Value, ValueRange>> measure);
}

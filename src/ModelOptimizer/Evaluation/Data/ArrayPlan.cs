using System.Collections.Immutable;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>How an array becomes the samples of one input.</summary>
internal enum Cutting
{
    /// <summary>The array has the input's rank: some rows of its first axis at a time.</summary>
    Rows,

    /// <summary>One axis more than the input: one step of the first axis at a time, fed whole.</summary>
    Stack,

    /// <summary>A scalar for a scalar input: the same for every sample.</summary>
    Repeat,
}

/// <summary>An array together with the input it feeds and the way it is cut.</summary>
/// <param name="RowsPerSample">Steps of the first axis that one sample takes.</param>
internal sealed record ArrayPlan(NamedType Input, DataArray Array, Cutting Cutting, long RowsPerSample)
{
    public static ArrayPlan For(NamedType input, DataArray array, int batch)
    {
        var rank = input.Type?.Shape?.Rank;
        if (rank == 0 && array.Dimensions.Length == 0)
            return new ArrayPlan(input, array, Cutting.Repeat, 1);
        if (array.Dimensions.Length > 0 && (array.IsStack || array.Dimensions.Length == rank + 1))
            return new ArrayPlan(input, array, Cutting.Stack, 1);
        var fixedRows = input.Type?.Shape is { Rank: > 0 } shape ? shape[0].Value : null;
        return new ArrayPlan(input, array, Cutting.Rows, Math.Max(1, fixedRows ?? batch));
    }

    private bool HasFixedRows => Cutting == Cutting.Rows && Input.Type?.Shape?[0].Value is not null;

    /// <summary>How many samples the array makes; null when it serves any number.</summary>
    public long? SampleCount => Cutting == Cutting.Repeat ? null : (Array.Length + RowsPerSample - 1) / RowsPerSample;

    /// <summary>Why the array can't be fed; null when it can.</summary>
    public string? Problem()
    {
        if (Array.Header.WhyUnusable is { } reason)
            return $"The array '{Array.Name}' {reason}";
        if (InputFit.TypeProblem(Input, Array.ElementType, Array.TypeName) is { } typeProblem)
            return typeProblem;
        if (Cutting == Cutting.Stack)
            return InputFit.ShapeProblem(Input, Array.Dimensions.AsSpan(1..));
        if (InputFit.ShapeProblem(Input, Array.Dimensions.AsSpan(), skip: 1) is { } shapeProblem)
            return shapeProblem + "; it may have the same rank, to be cut along its first axis, or one axis more, as a stack of samples";
        return HasFixedRows && Array.Length % RowsPerSample != 0
            ? $"Input '{Input.Name}' takes {RowsPerSample} rows at a time, but the data has {Array.Length}, which is no multiple"
            : null;
    }

    /// <summary>The rows that the sample of this number has; the last one of a free batch axis may have fewer.</summary>
    public long RowsOf(long sample) => Math.Min(RowsPerSample, Array.Length - sample * RowsPerSample);

    public Tensor Read(RowReader reader, long sample) =>
        Widening.To(reader.Read(sample * RowsPerSample, RowsOf(sample), SampleShape(RowsOf(sample))), Input.Type!.ElementType);

    private ImmutableArray<long> SampleShape(long rows) => Cutting == Cutting.Rows && Array.Dimensions.Length > 0
        ? [rows, .. Array.Dimensions[1..]]
        : [.. Array.Dimensions.Skip(1)];
}

namespace ModelOptimizer.Onnx;

/// <summary>Where a saved model keeps its big tensors.</summary>
public enum ExternalDataMode
{
    /// <summary>In a file beside the model when the message would grow too large, or when the model was read that way.</summary>
    Automatic,

    /// <summary>In the model's own message, whatever its size.</summary>
    Never,

    /// <summary>In a file beside the model.</summary>
    Always,
}

/// <summary>How a model is saved.</summary>
public sealed record SaveOptions
{
    public ExternalDataMode ExternalData { get; init; } = ExternalDataMode.Automatic;

    /// <summary>Bytes of an all-inline message from which on <see cref="ExternalDataMode.Automatic"/> takes a data file: 1.5 GiB.</summary>
    public long InlineLimit { get; init; } = 3L << 29;
}

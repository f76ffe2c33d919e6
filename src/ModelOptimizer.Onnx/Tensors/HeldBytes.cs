namespace ModelOptimizer.Onnx;

/// <summary>Bytes that stay in memory until they are let go.</summary>
internal sealed class HeldBytes(byte[]? bytes) : IDisposable
{
    /// <summary>For what stays in memory anyway, or is mapped.</summary>
    public static HeldBytes None { get; } = new(null);

    public void Dispose() => GC.KeepAlive(bytes);
}

using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing;

/// <summary>Makes small models go the way of large ones.</summary>
public static class Scratch
{
    /// <summary>Lets every large tensor that passes make for the model lie in a scratch file.</summary>
    /// <param name="folder">Where; null for the system's folders.</param>
    public static OnnxModel PuttingAllAside(this OnnxModel model, string? folder = null)
    {
        model.Scratch = new ScratchSpace(inMemory: 0, folder is null ? null : [folder]);
        return model;
    }

    /// <summary>Tensors that were put aside and that somebody holds in memory all the same.</summary>
    public static int HeldTwice(this OnnxModel model)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return model.Scratch.HeldTwice;
    }

    /// <summary>The same tensor in a scratch file.</summary>
    /// <param name="reads">Tells how often the file was read.</param>
    public static Tensor PutAside(Tensor tensor, out Func<int> reads)
    {
        var file = new CountingScratchFile(Path.GetTempPath());
        reads = () => file.Reads;
        return new ScratchSpace(inMemory: 0, ["counted"], _ => file).Keep(tensor);
    }
}

/// <summary>Counts how often it is read, and takes so long that a second reader, were it let in, would come meanwhile.</summary>
internal sealed class CountingScratchFile(string folder) : ScratchFile(Open(folder))
{
    private int _reads;

    public int Reads => _reads;

    public override void Read(long offset, Span<byte> bytes)
    {
        Interlocked.Increment(ref _reads);
        Thread.Sleep(20);
        base.Read(offset, bytes);
    }
}

namespace ModelOptimizer.Calibration;

/// <summary>
/// Keeps the memory of many samples that of a few: left alone, the collector waits for as much garbage as the processor's last cache holds, which
/// is hundreds of megabytes on servers.
/// </summary>
internal sealed class GarbageLimit
{
    /// <summary>Bytes allocated between two collections, each of which takes about a millisecond; the first clears away what came before the samples.</summary>
    private const long Most = 4 << 20;

    private long _collectedAt;

    public void Check()
    {
        var allocated = GC.GetTotalAllocatedBytes();
        if (allocated - _collectedAt < Most)
            return;
        _collectedAt = allocated;
        GC.Collect(0, GCCollectionMode.Forced, blocking: true);
    }
}

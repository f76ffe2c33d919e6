namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>On how much of the data a setting is measured.</summary>
/// <param name="Name">As the command line names it.</param>
/// <param name="CalibrationSamples">Samples that ranges are learned from.</param>
/// <param name="HeldOut">Samples on which the result is held against the original.</param>
internal sealed record Protocol(string Name, int CalibrationSamples, int HeldOut)
{
    /// <summary>As profiles have it by default, and all evaluation data.</summary>
    public static Protocol Full { get; } = new("full", 256, int.MaxValue);

    /// <summary>As <see cref="PeerFigures"/> were measured.</summary>
    public static Protocol Peer { get; } = new("peer", 16, 8);

    public static Protocol Find(string name) => name == Peer.Name ? Peer : Full;
}

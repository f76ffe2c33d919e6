using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

public sealed record QuantizeDynamicOptions : QuantizationOptions, ILocated
{
    public SourceLocation? Location { get; init; }

    [Option("The instruction sets that the model is going to run on. With avx2 among them, weights whose products could overflow the 16-bit sums of x86 " +
        "CPUs without VNNI (before about 2019) get as much coarser as it takes to make that impossible, channel by channel. Left out: 8 bits, and a warning " +
        "where sums could overflow there.", Example = "[avx2, vnni]")]
    public IReadOnlyList<TargetIsa> TargetIsa { get; init; } = [];

    [Option("True: 7-bit weights everywhere, which can't overflow 16-bit sums either, but lose a bit where nothing would. False: no warning; 8 bits unless " +
        "target-isa asks for less.")]
    public bool? ReduceRange { get; init; }

    [Option("What counts where 8 bits would be slower than float, as shapes tell: `speed` leaves such products float, `size` quantizes them for the " +
        "smaller file.")]
    public Preference Prefer { get; init; }

    /// <summary>Leaves what reads MatMul, Gemm and Conv read alone, without a word: static quantization has decided on it.</summary>
    internal bool LeavesProducts { get; init; }

    /// <summary>The pass that the profile names.</summary>
    internal string Caller { get; init; } = "quantize-dynamic";

    /// <summary>Takes what there is to warn of sums of 16 bits, where the caller warns of all at once.</summary>
    internal Action<string>? TellsClipping { get; init; }
}

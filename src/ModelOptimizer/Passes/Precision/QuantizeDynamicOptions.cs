using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

public sealed record QuantizeDynamicOptions : QuantizationOptions
{
    [Option("7-bit weights, which can't overflow the 16-bit sums of x86 CPUs without VNNI (before about 2019). Left out: 8 bits, and a " +
        "warning where sums could overflow there. False: 8 bits, for a fleet without such CPUs.")]
    public bool? ReduceRange { get; init; }
}

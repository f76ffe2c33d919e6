using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;
using ModelOptimizer.Pruning;

namespace ModelOptimizer.Passes;

/// <summary>Options of the passes that take channels, neurons or heads out of a model.</summary>
public sealed record PruneOptions : SelectionOptions, ILocated
{
    public SourceLocation? Location { get; init; }

    [Option("How many of the units of each group go: channels, neurons or heads. Rounded down, so that at least one stays.",
        IsMain = true, Minimum = 0, Maximum = 0.95, Example = "25%")]
    public Ratio Ratio { get; init; } = new(0.25);

    [Option("By what the units that go are chosen: `l2`, the squares of their weights; `activation`, those of the weights that read them times their "
        + "mean squares on calibration data; `reconstruction`, what the next layers miss when the other units make up for them. Left out: reconstruction "
        + "where the profile has calibration data, else l2.")]
    public PruningImportance? Importance { get; init; }

    [Option("Fits the weights that read the pruned units anew, layer by layer, so that outputs come closest to those of before on calibration data "
        + "(least squares). Each fit is judged on samples that had no part in it. Without calibration data weights stay as they are.")]
    public bool Recover { get; init; } = true;

    [Option("Kernels are fastest at multiples of 8 or 16: what stays of a group is rounded up to a multiple of this, where it has at least four times as "
        + "many units. Heads are counted one by one.", Minimum = 1, Maximum = 64)]
    public int MultipleOf { get; init; } = 8;
}

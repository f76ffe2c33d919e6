using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;
using ModelOptimizer.Pruning;

namespace ModelOptimizer.Passes;

/// <summary>Which units are held against each other.</summary>
public enum PruningScope
{
    /// <summary>Those of one group: each loses the same share.</summary>
    Group,

    /// <summary>Those of all groups: the same share of all parameters goes, and what costs outputs least goes first.</summary>
    Global,
}

/// <summary>Options of the passes that take channels, neurons or heads out of a model.</summary>
public sealed record PruneOptions : SelectionOptions, ILocated
{
    public SourceLocation? Location { get; init; }

    [Option("How many of the units of each group go: channels, neurons or heads. Rounded down, so that at least one stays.",
        IsMain = true, Minimum = 0, Maximum = 0.95, Example = "25%")]
    public Ratio Ratio { get; init; } = new(0.25);

    [Option("By what the units that go are chosen: `l2`, the squares of their weights; `activation`, those of the weights that read them times their "
        + "mean squares on calibration data, or variances where a bias makes up for means; `reconstruction`, what the next layers miss when the other units make up for them; `loss`, what outputs of the "
        + "model miss without them, measured up to 32 times for each group. Left out: reconstruction where the profile has calibration data, "
        + "else l2.")]
    public PruningImportance? Importance { get; init; }

    [Option("What loses the same share: `group`, each group of units; or `global`, the parameters of the whole model, of which those go that outputs miss "
        + "least, as measured on calibration data.")]
    public PruningScope Scope { get; init; } = PruningScope.Group;

    [Option("How many of the model's floating-point operations may be left, instead of a ratio: so many units of each group go that outputs miss least, as "
        + "measured on calibration data. At most three quarters of a group go.", Minimum = 0.05, Maximum = 1, Example = "70%")]
    public Ratio? Flops { get; init; }

    [Option("What the file may take, instead of a ratio, with groups chosen as by `flops`. What quantizes the model behind it makes it smaller still.",
        Minimum = 1, Example = "4 MiB")]
    public ByteSize? Budget { get; init; }

    [Option("What the model must keep: a metric with bounds as in the budget, measured on the data of 'evaluate:'. Where all that is asked for would break "
        + "it, less is taken, found by bisection.", Example = "{ metric: top-1, max-drop: 0.5% }")]
    public AccuracyGoal? Accuracy { get; init; }

    [Option("Fits the weights that read the pruned units anew, layer by layer, so that outputs come closest to those of before on calibration data "
        + "(least squares). Each fit is judged on samples that had no part in it. Without calibration data weights stay as they are.")]
    public bool Recover { get; init; } = true;

    [Option("Kernels are fastest at multiples of 8 or 16: what stays of a group is rounded up to a multiple of this, where it has at least four times as "
        + "many units. Heads are counted one by one.", Minimum = 1, Maximum = 64)]
    public int MultipleOf { get; init; } = 8;

    /// <summary>How much goes, as a profile says it.</summary>
    internal string Amount => Flops is { } flops ? $"flops: {flops}" : Budget is { } budget ? $"budget: {budget}" : $"ratio: {Ratio}";

    /// <summary>Whether units can't be chosen without calibration data.</summary>
    internal bool NeedsData => Importance is not (null or PruningImportance.L2) || Flops is not null || Budget is not null || Scope == PruningScope.Global;
}

using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>Options of <see cref="PruneLayers"/>.</summary>
public sealed record PruneLayersOptions : SelectionOptions, ILocated
{
    public SourceLocation? Location { get; init; }

    [Option("How many of the residual blocks go, those first that outputs miss least. Rounded down.", IsMain = true, Minimum = 0, Maximum = 0.95, Example = "25%")]
    public Ratio Ratio { get; init; } = new(0.25);

    [Option("Fits the layers anew that read what a block added to, so that they make of it what they made before on calibration data (least squares).")]
    public bool Recover { get; init; } = true;
}

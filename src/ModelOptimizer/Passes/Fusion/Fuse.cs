using System.ComponentModel;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>Which operators fusion may write.</summary>
public enum FusionFormat
{
    /// <summary>Only operators of the ONNX standard, in the version that the model declares.</summary>
    Standard,

    /// <summary>Also ONNX Runtime's own operators, where the model's standard operators lack one or do less.</summary>
    Contrib,
}

public sealed record FuseOptions : ILocated
{
    public SourceLocation? Location { get; init; }

    [Option("Which operators may be written: those of the ONNX standard that the model's opset has, or ONNX Runtime's contrib operators too.")]
    public FusionFormat Format { get; init; }

    [Option("The opset to upgrade to first, so that its operators may be written. A model that is newer already stays as it is.",
        Minimum = 1, Maximum = OperatorCatalog.LatestOpset, Example = "23")]
    public long? TargetOpset { get; init; }
}

/// <summary>The fusions, until none of them finds anything: formulas that exporters spell out become one operator each.</summary>
[Description("Runs the fusions until none of them finds anything: formulas that exporters spell out become one operator each.")]
public sealed class Fuse(FuseOptions options) : FixpointGroup(DefaultPipeline.Fuse(options));

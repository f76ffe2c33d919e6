using ModelOptimizer.Diagnostics;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Reporting;

/// <summary>
/// Everything one run did, declined and measured: <c>NAME.report.json</c>. Equal inputs give equal reports, but for what a
/// clock measures. Files are named, never located, so that a report says the same on every machine.
/// </summary>
public sealed record OptimizationReport
{
    /// <summary>The newest schema of reports that this version writes and reads.</summary>
    public const int NewestSchema = 1;

    /// <summary>Raised when a reader of older reports would misread this one.</summary>
    public int SchemaVersion { get; init; } = NewestSchema;

    public required ToolReport Tool { get; init; }

    public required ModelReport Original { get; init; }

    public required ModelReport Result { get; init; }

    /// <summary>False when a budget of severity error is broken: then the result is not for use.</summary>
    public required bool Accepted { get; init; }

    /// <summary>The profile and every file it pulls in; empty when a preset was named on the command line.</summary>
    public required IReadOnlyList<FileReport> Profile { get; init; }

    /// <summary>Every run of every pass; a group follows its passes.</summary>
    public required IReadOnlyList<PassRun> Passes { get; init; }

    public required IReadOnlyList<RewriteReport> Rewrites { get; init; }

    /// <summary>Every candidate that a pass left alone, and why.</summary>
    public required IReadOnlyList<Refusal> Refusals { get; init; }

    /// <summary>Every weight that a compressing pass looked at, compressed or refused.</summary>
    public required IReadOnlyList<WeightReport> Weights { get; init; }

    /// <summary>What passes with an accuracy goal gave up for it; null when none had one.</summary>
    public IReadOnlyList<MixedPrecisionReport>? MixedPrecision { get; init; }

    /// <summary>How much pruning passes with an accuracy goal took; null when none had one.</summary>
    public IReadOnlyList<PruningSearchReport>? PruningSearches { get; init; }

    /// <summary>
    /// What each step that gave up precision left, from the original to the result; null where the profile doesn't prune, or has no data to evaluate on.
    /// </summary>
    public IReadOnlyList<StepReport>? Steps { get; init; }

    /// <summary>How passes with a size budget spent it; null when none had one.</summary>
    public IReadOnlyList<SizeOutcome>? SizeBudgets { get; init; }

    /// <summary>Every node that computes in another precision; those that could and don't are among the refusals.</summary>
    public required IReadOnlyList<QuantizedNode> Quantized { get; init; }

    /// <summary>Every value that is rounded at run time, with its scale and the range behind it.</summary>
    public required IReadOnlyList<RoundedValue> Activations { get; init; }

    /// <summary>Where the bytes are, before and after; null in reports of versions that did not tell.</summary>
    public InitializersReport? Initializers { get; init; }

    public required IReadOnlyList<MetricReport> Metrics { get; init; }

    /// <summary>The noise of each value along the graph; null where the profile doesn't want it or nothing gives up precision.</summary>
    public TraceReport? Trace { get; init; }

    /// <summary>What quantization made of each operator's time; null when nobody asked.</summary>
    public OperatorsReport? Operators { get; init; }

    public required IReadOnlyList<BudgetReport> Budget { get; init; }

    public required IReadOnlyList<DiagnosticReport> Diagnostics { get; init; }
}

/// <param name="Version">Version of this product.</param>
/// <param name="Runtime">The runtime that folded constants and measured.</param>
public sealed record ToolReport(string Version, string Runtime);

/// <param name="Sha256">Lower-case hex digest of the file's bytes.</param>
public sealed record FileReport(string File, string Sha256);

/// <param name="Bytes">The model with its external data.</param>
/// <param name="Nodes">Bodies and functions included, Constant nodes not counted.</param>
/// <param name="Parameters">Elements of all constants.</param>
public sealed record ModelReport(
    IReadOnlyList<FileReport> Files, long Bytes, int Nodes, long Parameters, long IrVersion, IReadOnlyDictionary<string, long> Opsets);

/// <param name="What">The change in words.</param>
/// <param name="Where">The nodes or values it was made at.</param>
public sealed record RewriteReport(string Pass, string What, IReadOnlyList<string> Where);

/// <param name="Form">How it is stored now; null when refused.</param>
/// <param name="Refusal">Why it stays as it is; null when compressed.</param>
public sealed record WeightReport(string Weight, string Pass, string Type, long BytesBefore, long BytesAfter, string? Form, string? Refusal);

/// <param name="Unit">bytes, ratio, rate, dB; null for a plain number.</param>
/// <param name="Original">The original model's own value, where it has one.</param>
/// <param name="Output">The output it was found at: the worst one, or the one scored.</param>
public sealed record MetricReport(string Metric, string? Unit, double? Original, double Result, string? Output, string? Remark);

/// <param name="Measured">In the metric's unit; null when it was not measured.</param>
/// <param name="Allowed">The tightest value that the limit allows.</param>
/// <param name="Line">Where the profile says so.</param>
public sealed record BudgetReport(string Metric, bool Passed, double? Measured, double? Allowed, string Severity, string Message, string File, int Line, int Column)
{
    /// <summary>Whether less than allowed is too little, and not more too much; null when that is unknown.</summary>
    public bool? IsFloor { get; init; }
}

/// <param name="Severity">error, warning, info.</param>
/// <param name="File">Where to mend it; null when there is no such place.</param>
public sealed record DiagnosticReport(string Code, string Severity, string Message, string? File, int Line, int Column)
{
    /// <summary>With the file's name alone, as reports tell it.</summary>
    public static DiagnosticReport Of(Diagnostic diagnostic)
    {
        var located = At(diagnostic);
        return located with { File = Path.GetFileName(located.File) };
    }

    /// <summary>With the file where it is.</summary>
    public static DiagnosticReport At(Diagnostic diagnostic)
    {
        ArgumentNullException.ThrowIfNull(diagnostic);
        return new(diagnostic.Code, ReportBuilder.Name(diagnostic.Severity), diagnostic.Message,
            diagnostic.Location?.File, diagnostic.Location?.Line ?? 0, diagnostic.Location?.Column ?? 0);
    }
}

/// <param name="Inputs">What the models ran on, in words.</param>
/// <param name="OriginalMicroseconds">All kernels of the original in a run.</param>
/// <param name="Types">The quantized operators by type, slowest first.</param>
/// <param name="Nodes">And one by one.</param>
public sealed record OperatorsReport(string Inputs, double OriginalMicroseconds, double ResultMicroseconds,
    IReadOnlyList<OperatorReport> Types, IReadOnlyList<OperatorReport> Nodes);

/// <param name="Operator">Its type in the original.</param>
/// <param name="Nodes">Names of the original's nodes.</param>
/// <param name="Form">The kernels that do its work now.</param>
/// <param name="IsSlower">By more than a tenth, and by more than 1% of the original's whole time.</param>
public sealed record OperatorReport(string Operator, IReadOnlyList<string> Nodes, string Form, double OriginalMicroseconds, double ResultMicroseconds, bool IsSlower);

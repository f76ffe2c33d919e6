using System.ComponentModel;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

public sealed record UpgradeOpsetOptions : ILocated
{
    public SourceLocation? Location { get; init; }

    [Option("The version of the standard operators to convert to.",
        IsMain = true, Required = true, Minimum = 1, Maximum = OperatorCatalog.LatestOpset, Example = "21")]
    public long? Version { get; init; }

    /// <summary>Leaves a model that is as new or newer alone, and functions that are, instead of refusing it.</summary>
    internal bool KeepsNewer { get; init; }

    /// <summary>With <see cref="KeepsNewer"/>: older functions of a model that is as new or newer stay as they are, too.</summary>
    internal bool KeepsFunctions { get; init; }
}

/// <summary>
/// Converts every node of the standard domain, in bodies and functions too, to a newer version of the operator set, and raises the import:
/// <code>
/// opset 11: y = Squeeze(x, axes: [0])  =>  opset 17: y = Squeeze(x, [0])
/// </code>
/// All or nothing: where one node can't be converted, the model stays as it is and the error names the node. Each version on the way is one
/// rewrite, since a model can't be of two versions at once. The same when the runtime has no kernel for a newer version of an operator.
/// </summary>
[Description("Converts every standard operator to a newer opset and raises the import; all or nothing.")]
public sealed class UpgradeOpset(UpgradeOpsetOptions options) : IGraphPass
{
    /// <summary>The nodes that one run tells of at most.</summary>
    private const int MostObstacles = 20;

    private readonly long _target = options.Version ?? OperatorCatalog.LatestOpset;

    public NumericEffect Effect => NumericEffect.Exact;

    /// <exception cref="DiagnosticException">
    /// The model is newer already, a node can't be converted, or the runtime takes the model but not what would become of it; nothing was changed.
    /// </exception>
    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        if (options.KeepsNewer && (options.KeepsFunctions ? model.Opset : model.OldestOpset) >= _target)
            return;
        if (model.Opset > _target && !options.KeepsNewer)
            throw Refused($"The model is of opset {model.Opset} already, and going back to {_target} is not possible");
        context.InferTypes();
        var copy = model.Clone();
        var rehearsal = new OpsetUpgrade(copy, _target);
        rehearsal.Run(_ => true);
        if (rehearsal.Obstacles.Count > 0)
            throw Refused(model, rehearsal.Obstacles, context);
        if (Complaint(copy, context) is { } complaint && Complaint(model, context) is null)
            throw Refused($"{context.Engine.Description} runs the model at opset {From(model)}, but not at {_target}: {complaint}. "
                + "A lower version may do");
        new OpsetUpgrade(model, _target).Run(what => context.Rewriting(what, "the whole model"));
    }

    /// <summary>Upgrades the context's model to each of the versions that is newer, as far as it goes.</summary>
    /// <returns>Why one is out of reach; null when none is.</returns>
    internal static string? Raise(IEnumerable<long> versions, PassContext context)
    {
        try
        {
            foreach (var version in versions.Distinct().Order())
                new UpgradeOpset(new UpgradeOpsetOptions { Version = version, KeepsNewer = true }).Run(context.Model, context);
            return null;
        }
        catch (DiagnosticException e)
        {
            return e.Diagnostics[0].Message;
        }
    }

    /// <summary>The runtime's reason not to take the model; null when it does.</summary>
    private static string? Complaint(OnnxModel model, PassContext context)
    {
        try
        {
            context.Engine.Open(model, new SessionSettings(Optimize: false)).Dispose();
            return null;
        }
        catch (InferenceException e)
        {
            return e.Message.TrimEnd('.');
        }
    }

    private DiagnosticException Refused(OnnxModel model, IReadOnlyList<Refusal> obstacles, PassContext context)
    {
        var told = obstacles.Take(MostObstacles)
            .Select(obstacle => Diagnostic($"The model can't be upgraded from opset {From(model)} to {_target}: {obstacle.Where}: {obstacle.Why}"))
            .ToList();
        if (obstacles.Count > MostObstacles)
            told.Add(Diagnostic($"The model can't be upgraded to opset {_target}: the same holds for {obstacles.Count - MostObstacles} nodes more"));
        foreach (var obstacle in obstacles)
            context.Log.Refuse(obstacle.Where, obstacle.Why);
        return new DiagnosticException([.. told]);
    }

    /// <summary>The opset that an upgrade begins at, which is a function's where the model itself is new enough.</summary>
    private long From(OnnxModel model) => model.Opset < _target ? model.Opset : model.OldestOpset;

    private DiagnosticException Refused(string message) => new(Diagnostic(message));

    private Diagnostic Diagnostic(string message) => new(DiagnosticCatalog.OpsetNotUpgraded, message, options.Location);
}

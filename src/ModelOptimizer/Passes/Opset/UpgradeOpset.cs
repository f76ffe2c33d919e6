using System.ComponentModel;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

public sealed record UpgradeOpsetOptions : ILocated
{
    public SourceLocation? Location { get; init; }

    [Option("The version of the standard operators to convert to.",
        IsMain = true, Required = true, Minimum = 1, Maximum = OperatorCatalog.LatestOpset, Example = "21")]
    public long? Version { get; init; }
}

/// <summary>
/// Converts every node of the standard domain, in bodies and functions too, to a newer version of the operator set, and raises the import:
/// <code>
/// opset 11: y = Squeeze(x, axes: [0])  =>  opset 17: y = Squeeze(x, [0])
/// </code>
/// All or nothing: where one node can't be converted, the model stays as it is and the error names the node. Each version on the way is one
/// rewrite, since a model can't be of two versions at once.
/// </summary>
[Description("Converts every standard operator to a newer opset and raises the import; all or nothing.")]
public sealed class UpgradeOpset(UpgradeOpsetOptions options) : IGraphPass
{
    /// <summary>The nodes that one run tells of at most.</summary>
    private const int MostObstacles = 20;

    private readonly long _target = options.Version ?? OperatorCatalog.LatestOpset;

    public NumericEffect Effect => NumericEffect.Exact;

    /// <exception cref="DiagnosticException">The model is newer already, or a node can't be converted; nothing was changed.</exception>
    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        if (model.Opset > _target)
            throw Refused($"The model is of opset {model.Opset} already, and going back to {_target} is not possible");
        context.InferTypes();
        var rehearsal = new OpsetUpgrade(model.Clone(), _target);
        rehearsal.Run(_ => true);
        if (rehearsal.Obstacles.Count > 0)
            throw Refused(model, rehearsal.Obstacles, context);
        new OpsetUpgrade(model, _target).Run(what => context.Rewriting(what, "the whole model"));
    }

    private DiagnosticException Refused(OnnxModel model, IReadOnlyList<Refusal> obstacles, PassContext context)
    {
        var told = obstacles.Take(MostObstacles)
            .Select(obstacle => Diagnostic($"The model can't be upgraded from opset {model.Opset} to {_target}: {obstacle.Where}: {obstacle.Why}"))
            .ToList();
        if (obstacles.Count > MostObstacles)
            told.Add(Diagnostic($"The model can't be upgraded to opset {_target}: the same holds for {obstacles.Count - MostObstacles} nodes more"));
        foreach (var obstacle in obstacles)
            context.Log.Refuse(obstacle.Where, obstacle.Why);
        return new DiagnosticException([.. told]);
    }

    private DiagnosticException Refused(string message) => new(Diagnostic(message));

    private Diagnostic Diagnostic(string message) => new(DiagnosticCatalog.OpsetNotUpgraded, message, options.Location);
}

using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Pruning;

namespace ModelOptimizer.Passes;

/// <summary>Takes units out of groups: finds groups, chooses units, makes the model narrower, and fits what reads them anew.</summary>
internal sealed class StructuredPruning(PruneOptions options, NodeSelector selector, PassContext context, string pass)
{
    /// <summary>A group with fewer times the multiple is pruned one unit at a time.</summary>
    private const int FewestMultiples = 4;

    /// <summary>Data where there are samples, and not only ranges that were learned from some.</summary>
    private readonly CalibrationData? _data = context.Calibration is { HasSamples: true } data ? data : null;

    private OnnxModel Model => context.Model;

    /// <exception cref="DiagnosticException">An importance needs data, and the profile has no calibration data.</exception>
    public void Run(IReadOnlyCollection<PruningKind> kinds)
    {
        context.InferTypes();
        var classes = ChannelMap.Of(Model);
        var (all, held) = PruningGroups.Of(classes);
        foreach (var (node, _, why) in held)
            context.Refuse(node, $"its channels stay: {why}");
        var groups = all.Where(group => kinds.Contains(group.Kind) && IsSelected(group)).ToList();
        var removed = Choose(groups);
        if (removed.Count == 0)
            return;
        var readers = Readers(groups, removed);
        var original = Model.Clone(out var copies);
        new Narrowing(Model, classes, removed).Run();
        // Whatever mends the model later compares with what it is from now on.
        context.ForgetOriginal();
        if (options.Recover && _data is not null)
            Recover(original, copies, readers);
    }

    private bool IsSelected(PruningGroup group)
    {
        var refusal = group.Producers.Select(axis => selector.Refusal(axis.Operand.Reader!, axis.Operand.Value)).FirstOrDefault(why => why is not null);
        if (refusal is not null)
            context.Refuse(group.Start, refusal);
        return refusal is null;
    }

    /// <returns>The classes of channels that go.</returns>
    private HashSet<int> Choose(List<PruningGroup> groups)
    {
        var removed = new HashSet<int>();
        var counts = groups.ConvertAll(Count);
        var ranked = new UnitChoice(Model, Data(), Importance, options.Recover).Of(groups, counts);
        for (var i = 0; i < groups.Count; i++)
        {
            if (counts[i] == 0)
                context.Refuse(groups[i].Start, $"{options.Ratio} of its {groups[i].Units} {Units(groups[i])} is none, in multiples of {Multiple(groups[i])}");
            else if (context.Rewriting($"take {counts[i]} of {groups[i].Units} {Units(groups[i])} out of", groups[i].Start))
                removed.UnionWith(ranked[i].Select(unit => groups[i].Classes[unit]));
        }
        return removed;
    }

    private PruningImportance Importance => options.Importance ?? (_data is null ? PruningImportance.L2 : PruningImportance.Reconstruction);

    private CalibrationData? Data() => Importance == PruningImportance.L2 ? null : _data ?? throw new DiagnosticException(DiagnosticCatalog.CalibrationMissing,
        $"{pass} chooses by what layers read: add 'calibration: {{ data: … }}' to the profile, with some dozens of typical inputs, or say 'importance: l2'",
        options.Location);

    private int Count(PruningGroup group)
    {
        var (multiple, kept) = (Multiple(group), group.Units - (int)(group.Units * options.Ratio.Value + 1e-9));
        return group.Units - Math.Clamp((kept + multiple - 1) / multiple * multiple, 1, group.Units);
    }

    private int Multiple(PruningGroup group) => group.Units >= FewestMultiples * options.MultipleOf ? options.MultipleOf : 1;

    private static string Units(PruningGroup group) => group.Kind switch
    {
        PruningKind.Heads => "heads",
        PruningKind.Hidden => "neurons",
        _ => "channels",
    };

    private static HashSet<Node> Readers(IEnumerable<PruningGroup> groups, HashSet<int> removed) =>
        [.. groups.Where(group => group.Classes.Any(removed.Contains)).SelectMany(group => group.Consumers).Select(axis => axis.Operand.Reader!)];

    private void Recover(OnnxModel original, IReadOnlyDictionary<Value, Value?> copies, HashSet<Node> readers)
    {
        var recovery = new Recovery(context, original, copies, _data!);
        recovery.Run(readers);
        if (recovery.Poor.Count > 0)
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.FewRowsToRecover,
                $"{pass} fitted {recovery.Poor.Count} layers anew by fewer rows than they have inputs, so that they change little: "
                + $"{string.Join(", ", recovery.Poor.Take(3))}{(recovery.Poor.Count > 3 ? ", …" : "")}. Give more calibration samples", options.Location));
    }
}

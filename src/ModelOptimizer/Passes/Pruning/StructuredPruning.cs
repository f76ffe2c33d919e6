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

    /// <summary>Groups whose units were chosen by weights though something else was asked for.</summary>
    private IReadOnlySet<PruningGroup> _byWeights = new HashSet<PruningGroup>();

    private OnnxModel Model => context.Model;

    private PruningImportance Importance => options.Importance ?? (_data is null ? PruningImportance.L2 : PruningImportance.Reconstruction);

    /// <exception cref="DiagnosticException">
    /// An importance or a target needs data, and the profile has no calibration data; options exclude each other; or a target is out of reach.
    /// </exception>
    public void Run(IReadOnlyCollection<PruningKind> kinds)
    {
        var target = PruningTarget.Of(options);
        context.InferTypes();
        var classes = ChannelMap.Of(Model);
        var (all, held) = PruningGroups.Of(classes);
        foreach (var (node, _, why) in held)
            context.Refuse(node, $"its channels stay: {why}");
        var groups = all.Where(group => kinds.Contains(group.Kind) && IsSelected(group)).ToList();
        var removed = Announce(groups, target is null ? ByRatio(groups) : ByTarget(groups, target, classes));
        if (removed.Count == 0)
            return;
        // Choosing took matrices as large as the widest layers' squares.
        LargeGarbage.Collect();
        var readers = Readers(groups, removed);
        var original = Model.Clone(out var copies);
        var narrowing = new Narrowing(Model, classes, removed);
        narrowing.Run();
        // Lengths and splits that nodes were told before.
        new EliminateDeadNodes().Run(Model, context);
        // Whatever mends the model later compares with what it is from now on.
        context.ForgetOriginal();
        if (!options.Recover || _data is null)
            return;
        context.Narrowed?.Invoke(pass);
        var recovery = new Recovery(context, original, copies, _data, narrowing.Kept);
        recovery.Run(readers);
        recovery.Report(pass, options.Location);
        LargeGarbage.Collect();
    }

    private bool IsSelected(PruningGroup group)
    {
        // What reads the channels becomes narrower, too, and is fitted anew.
        var refusal = group.Producers.Select(axis => selector.Refusal(axis.Operand.Reader!, axis.Operand.Value))
            .Concat(group.Consumers.Select(axis => selector.Exclusion(axis.Operand.Reader!, axis.Operand.Value))).FirstOrDefault(why => why is not null);
        if (refusal is not null)
            context.Refuse(group.Start, refusal);
        return refusal is null;
    }

    /// <returns>By group: the units that go.</returns>
    private IReadOnlyList<IReadOnlyList<int>> ByRatio(List<PruningGroup> groups) =>
        Choose(groups, options.Ratio.Value, () => Trials(Data("chooses by what outputs miss")));

    private IReadOnlyList<IReadOnlyList<int>> ByTarget(List<PruningGroup> groups, PruningTarget target, ChannelClasses classes)
    {
        if (target.IsMet(Model))
            return [.. groups.Select(_ => Array.Empty<int>())];
        var trials = Trials(Data("measures what outputs miss"));
        var ranked = Choose(groups, PruningRates.Most, () => trials);
        var (rates, cost) = (new PruningRates(groups, ranked, Count), target.Cost(Model, classes, groups));
        rates.Measure(trials, cost);
        var most = target.Most(cost);
        if (rates.Smallest(cost) is var smallest && smallest > most)
            throw new DiagnosticException(DiagnosticCatalog.PruningTargetMissed,
                $"{pass} can't bring the model to {target.Words(most)}: with three quarters of each group gone that it may take, {target.Words(smallest)} "
                + "are left. Ask for less, or let other passes that prune or quantize do the rest", options.Location);
        var counts = rates.Choose(cost, most)
            ?? throw PruningTrials.Untold(pass, "have other shapes, or are not finite, once as much is gone as was asked for", options.Location);
        return [.. ranked.Zip(counts, (order, count) => order.Take(count).ToList())];
    }

    private IReadOnlyList<IReadOnlyList<int>> Choose(List<PruningGroup> groups, double ratio, Func<PruningTrials> trials)
    {
        var choice = new UnitChoice(Model, Importance == PruningImportance.L2 ? null : Data("chooses by what layers read"), Importance,
            options.Recover, Importance == PruningImportance.Loss ? trials() : null);
        var chosen = choice.Of(groups, groups.ConvertAll(group => Count(group, ratio)));
        _byWeights = choice.ByWeights;
        return chosen;
    }

    private PruningTrials Trials(CalibrationData data) => new(Model, PruningTrials.Meter(context, data, pass, options.Location));

    private CalibrationData Data(string why) => _data ?? throw new DiagnosticException(DiagnosticCatalog.CalibrationMissing,
        $"{pass} {why}: add 'calibration: {{ data: … }}' to the profile, with some dozens of typical inputs, or give a ratio for each group and 'importance: l2'",
        options.Location);

    /// <returns>The classes of channels that go.</returns>
    private HashSet<int> Announce(List<PruningGroup> groups, IReadOnlyList<IReadOnlyList<int>> gone)
    {
        var removed = new HashSet<int>();
        foreach (var (group, units) in groups.Zip(gone))
            if (units.Count == 0)
                context.Refuse(group.Start, WhyNone(group));
            else if (context.Rewriting($"take {units.Count} of {group.Units} {Units(group)}{How(group)} out of", group.Start))
                removed.UnionWith(units.Select(unit => group.Classes[unit]));
        return removed;
    }

    private string How(PruningGroup group) => _byWeights.Contains(group) ? ", the smallest by weight since no layer tells more of them," : "";

    private string WhyNone(PruningGroup group) => PruningTarget.Of(options) is null
        ? $"{options.Ratio} of its {group.Units} {Units(group)} is none, in multiples of {Multiple(group)}"
        : $"outputs miss each of its {group.Units} {Units(group)} more than those of others";

    private int Count(PruningGroup group, double rate)
    {
        var (multiple, kept) = (Multiple(group), group.Units - (int)(group.Units * rate + 1e-9));
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
}

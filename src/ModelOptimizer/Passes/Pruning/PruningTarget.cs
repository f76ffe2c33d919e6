using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Pruning;

namespace ModelOptimizer.Passes;

/// <summary>What of a model may be left, where a profile says that instead of a ratio for each group.</summary>
internal abstract record PruningTarget
{
    /// <returns>Null where the profile gives a ratio for each group.</returns>
    /// <exception cref="DiagnosticException">Options exclude each other.</exception>
    public static PruningTarget? Of(PruneOptions options)
    {
        string[] given = [.. new[] { options.Flops is null ? null : "flops", options.Budget is null ? null : "budget", options.Scope == PruningScope.Group ? null : "scope: global" }
            .OfType<string>()];
        if (given.Length > 1)
            throw new DiagnosticException(DiagnosticCatalog.PruningOptionsConflict,
                $"'{given[0]}' and '{given[1]}' both say how much may be left: keep one of them", options.Location);
        return options.Flops is { } flops ? new FlopTarget(flops)
            : options.Budget is { } budget ? new ByteTarget(budget, options.Recover)
            : options.Scope == PruningScope.Global ? new ParameterTarget(options.Ratio)
            : null;
    }

    /// <summary>Whether nothing has to go.</summary>
    public virtual bool IsMet(OnnxModel model) => false;

    /// <param name="groups">Those that may become narrower.</param>
    public abstract PruningCost Cost(OnnxModel model, ChannelClasses classes, IReadOnlyList<PruningGroup> groups);

    /// <summary>What may be left, in the unit of the cost.</summary>
    public abstract double Most(PruningCost cost);

    /// <summary>An amount in words.</summary>
    public abstract string Words(double amount);

    private static double Whole(PruningCost cost) => cost.Of(new HashSet<int>());

    private sealed record FlopTarget(Ratio Left) : PruningTarget
    {
        public override PruningCost Cost(OnnxModel model, ChannelClasses classes, IReadOnlyList<PruningGroup> groups) => PruningCost.OfFlops(model, classes);

        public override double Most(PruningCost cost) => Left.Value * Whole(cost);

        public override string Words(double amount) => string.Create(CultureInfo.InvariantCulture, $"{amount / 1e6:0.###} million FLOPs in a usual run");
    }

    /// <param name="GainsBiases">Whether layers without a bias may get one.</param>
    private sealed record ByteTarget(ByteSize Left, bool GainsBiases) : PruningTarget
    {
        /// <summary>Bytes that names and fields of a constant cost in the file, about.</summary>
        private const int Overhead = 128;

        public override bool IsMet(OnnxModel model)
        {
            using var saved = SavedModel.Of(model, files: null);
            return saved.Bytes <= Left.Bytes;
        }

        public override PruningCost Cost(OnnxModel model, ChannelClasses classes, IReadOnlyList<PruningGroup> groups)
        {
            using var saved = SavedModel.Of(model, files: null);
            var readers = groups.SelectMany(group => group.Consumers).Select(axis => axis.Operand.Reader!).Distinct();
            var biases = readers.Where(node => GainsBiases && node.Is("Conv", "Gemm") && node.Input(2) is null)
                .Select(node => RefitLayer.Of(node).Layer).OfType<RefitLayer>().Sum(layer => sizeof(float) * layer.Outputs + Overhead);
            return PruningCost.OfBytes(model, classes, saved.Bytes + biases);
        }

        public override double Most(PruningCost cost) => Left.Bytes;

        public override string Words(double amount) => new ByteSize((long)amount).ToString();
    }

    private sealed record ParameterTarget(Ratio Gone) : PruningTarget
    {
        public override PruningCost Cost(OnnxModel model, ChannelClasses classes, IReadOnlyList<PruningGroup> groups) =>
            PruningCost.OfParameters(model, classes);

        public override double Most(PruningCost cost) => (1 - Gone.Value) * Whole(cost);

        public override string Words(double amount) => string.Create(CultureInfo.InvariantCulture, $"{amount:N0} parameters");
    }
}

using System.ComponentModel;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Lets convolutions and products compute with 8-bit integers: weights become codes, and activations are rounded to ranges that the calibration
/// data showed. Written as QuantizeLinear and DequantizeLinear (QDQ), which runtimes turn into integer kernels:
/// <code>
/// Conv(x, w, b)  =>  DQ(Q(Conv(DQ(Q(x)), DQ(w8), DQ(b32))))
/// </code>
/// Of a few forms of it that data can tell apart, the best is taken: see <see cref="StaticChoice"/>.
/// What only moves elements between them moves codes, with one scale on both sides, and a Relu or Clip between them is done by rounding.
/// (Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", arXiv 1712.05877.)
/// </summary>
[Description("Lets Conv, MatMul and Gemm compute with 8-bit integers; calibration data shows the ranges of activations. Smallest and fastest for CNNs.")]
public sealed class QuantizeStatic(QuantizeStaticOptions options) : ISelectivePass, ICalibratedPass
{
    private readonly PrecisionChoice _precision = new(options);

    public NodeSelector Selector { get; } = new(options, options.Overrides.SelectMany(other => other.Nodes));

    public NumericEffect Effect => NumericEffect.Lossy;

    /// <exception cref="DiagnosticException">The profile has no calibration data.</exception>
    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        foreach (var (option, calibrator) in options.Idle())
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.OptionIdle,
                $"'{option}' of quantize-static does nothing with the calibrator {options.ChosenCalibrator.Name}: add 'calibrator: {calibrator}', "
                + "or remove it", options.Location));
        var candidates = Candidates(context);
        var found = candidates.Find();
        var saturation = found.Count > 0 ? Quantize(found, model, context) : null;
        var products = found.Count(node => node.Operator.Kind == QuantizedKind.Product);
        SpeedDiagnostics.ReportFloat(context, "quantize-static", [.. candidates.Slower.Values], products, options.Location);
        var clipping = new List<string>();
        QuantizeTheRest(model, context, clipping.Add);
        SaturationWarning.Report(context, saturation, clipping, options.Location);
    }

    /// <returns>What is to be said about sums of 16 bits.</returns>
    private SaturationWarning? Quantize(IReadOnlyList<StaticNode> found, OnnxModel model, PassContext context)
    {
        var data = context.Calibration ?? throw new DiagnosticException(DiagnosticCatalog.CalibrationMissing,
            "quantize-static needs to see the model at work: add 'calibration: { data: … }' to the profile, with some dozens of typical inputs", options.Location);
        RaiseOpset(found.Max(node => node.Precision.Opset), model, context);
        var plan = Calibrate(Candidates(context), data, context);
        SpeedDiagnostics.ReportActivations(context, plan.Nodes, options);
        SpeedDiagnostics.ReportUnjudged(context, plan.Nodes, options);
        var moments = MomentsOf(plan, data, model);
        var choice = options is { Refine: true, Accuracy: null, Filter: null } ? new StaticChoice(model, plan, options, data) : null;
        var kernels = Write(plan, moments, context);
        choice?.Make(kernels, context, options.Location);
        return options.TargetIsa.Count == 0 ? SaturationWarning.Find(context, plan.Nodes) : null;
    }

    /// <summary>Recurrent layers have kernels only for activations that are quantized as they come, and tables have no activations.</summary>
    private void QuantizeTheRest(OnnxModel model, PassContext context, Action<string> tellClipping) => new QuantizeDynamic(new QuantizeDynamicOptions
    {
        Include = options.Include,
        Exclude = options.Exclude,
        Operators = options.Operators,
        ExcludeOperators = options.ExcludeOperators,
        Filter = options.Filter,
        TargetIsa = options.TargetIsa,
        Prefer = options.Prefer,
        LeavesProducts = true,
        Caller = "quantize-static",
        TellsClipping = tellClipping,
        Location = options.Location,
    }).Run(model, context);

    private StaticCandidates Candidates(PassContext context)
    {
        context.InferTypes();
        return new StaticCandidates(context, options, _precision);
    }

    /// <summary>Where the model can't be upgraded, the forms of <c>com.microsoft</c> do, which every opset has.</summary>
    private static void RaiseOpset(long needed, OnnxModel model, PassContext context)
    {
        if (model.Opset >= needed)
            return;
        try
        {
            new UpgradeOpset(new UpgradeOpsetOptions { Version = needed, KeepsNewer = true }).Run(model, context);
        }
        catch (DiagnosticException e)
        {
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.ContribQuantization,
                $"QuantizeLinear of opset {needed} is written as that of com.microsoft, which only ONNX Runtime knows: {e.Diagnostics[0].Message}"));
        }
    }

    /// <summary>Nodes whose ranges can't be found drop out, and clamps of nothing stay, which may change what is rounded beside them.</summary>
    private QdqPlan Calibrate(StaticCandidates candidates, CalibrationData data, PassContext context)
    {
        var nodes = candidates.Find();
        var (ranges, kept) = (new ActivationRanges(context, data, options.RangesFor), new HashSet<Node>());
        while (true)
        {
            var plan = QdqPlan.Of(context.Model, nodes, kept);
            ranges.Measure(plan.Measured, ReadByMoments(plan));
            var problems = plan.Fit(ranges.Find, ranges.WhyNone);
            if (problems.Count == 0 && plan.ClampsOfNothing() is var clamps)
            {
                if (clamps.Count == 0)
                    return plan;
                kept.UnionWith(clamps);
                continue;
            }
            foreach (var (node, why) in problems)
                context.Refuse(node, why);
            nodes = candidates.WithoutShared(nodes.Where(node => !problems.ContainsKey(node.Node)));
        }
    }

    private static Dictionary<Node, ChannelMoments?> MomentsOf(QdqPlan plan, CalibrationData data, OnnxModel model)
    {
        var known = data.Moments(model, ReadByMoments(plan));
        return plan.Nodes.Where(node => node.RoundsByMoments).ToDictionary(node => node.Node, node => known.GetValueOrDefault(node.Node.Input(0)!));
    }

    private static List<Value> ReadByMoments(QdqPlan plan) =>
        [.. plan.Nodes.Where(node => node.RoundsByMoments).Select(node => node.Node.Input(0)!).Distinct()];

    /// <param name="moments">Of the input channels of convolutions whose kernels are rounded by them.</param>
    /// <returns>Codes of kernels that are not the nearest, with those that are.</returns>
    private static List<(Value Codes, Tensor Nearest)> Write(QdqPlan plan, IReadOnlyDictionary<Node, ChannelMoments?> moments, PassContext context)
    {
        var constants = new QdqConstants(context.Model);
        var (activations, weights) = (new ActivationPairs(plan, constants, context), new WeightPairs(constants, context));
        var computing = plan.Nodes.ToDictionary(node => node.Node);
        var writer = new IntegerNodes(activations, weights, computing.ContainsKey, moments);
        foreach (var node in GraphWalker.Nodes(context.Model).Where(node => computing.ContainsKey(node) || plan.GridOf(node) is not null).ToList())
        {
            // A clamp that went with the node before it is in no graph any more.
            if (node.Graph is null)
                continue;
            if (!context.Rewriting(Words(node, computing.GetValueOrDefault(node), plan), node))
                break;
            if (computing.GetValueOrDefault(node) is { } product)
                Compute(product, writer, context);
            else
                Move(node, plan, activations);
        }
        weights.RemoveReplaced();
        return weights.Balanced;
    }

    private static string Words(Node node, StaticNode? computing, QdqPlan plan) => computing is not null
        ? $"quantize {node.OpType} to {computing.Form}"
        : plan.IsAbsorbed(node) ? $"let rounding do the work of {node.OpType}" : $"move codes through {node.OpType}";

    private static void Compute(StaticNode node, IntegerNodes writer, PassContext context)
    {
        context.Quantized(node.Node, node.Form);
        writer.Write(node);
    }

    private static void Move(Node node, QdqPlan plan, ActivationPairs activations)
    {
        var grid = plan.GridOf(node)!.Value;
        if (plan.IsAbsorbed(node))
        {
            activations.RoundForAll(node.Input(0)!, grid);
            return;
        }
        activations.Round(node, 0, grid);
        foreach (var output in node.Outputs.OfType<Value>())
            activations.RoundForAll(output, grid);
    }
}

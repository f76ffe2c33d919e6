using System.ComponentModel;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Lets products multiply in 8-bit integers: int8 weights with one scale for each output channel, activations quantized at run time. Takes
/// MatMul, Gemm, LSTM and contrib Attention, and rows of lookup tables; convolutions only where <c>operators</c> names them.
/// Needs no data, and is the fastest form for batches on CPUs with VNNI.
/// </summary>
[Description("Lets MatMul, Gemm, LSTM and Attention multiply in 8-bit integers and stores lookup tables as int8 rows; activations are quantized at run " +
    "time. Needs no data; fastest on CPUs with VNNI.")]
public sealed class QuantizeDynamic(QuantizeDynamicOptions options) : ISelectivePass
{
    /// <summary>What it takes unless told otherwise.</summary>
    internal static IReadOnlyList<string> DefaultOperators { get; } = ["MatMul", "Gemm", "LSTM", "Attention", "Gather"];

    public NodeSelector Selector { get; } = new(options);

    public NumericEffect Effect => NumericEffect.Lossy;

    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        // Stacks and left operands ask for the rank of activations.
        context.InferTypes();
        var rounding = new DynamicRounding(options);
        var (forms, operators) = (DynamicForm.All(model, options), new OperatorsLine(model, options.Operators, DefaultOperators));
        var slower = FindSlower(model);
        RefuseComputed(model, context);
        RefuseQuantized(model, context);
        var (quantized, left) = (0, new List<Tensor?>());
        foreach (var weight in WeightCandidate.Find(model).Where(weight => !options.LeavesProducts || !weight.Uses.Any(IsProduct)))
        {
            if (context.IsDone)
                return;
            var slow = slower.GetValueOrDefault(weight.Value);
            if (Quantize(weight, forms, operators, rounding, context, slow) is not { } refusal)
            {
                quantized++;
                continue;
            }
            context.RefuseWeight(weight.Name, weight.Content, refusal);
            if (refusal == slow)
                left.Add(weight.Content);
        }
        SpeedDiagnostics.ReportFloat(context, options.Caller, left, quantized, options.Location);
        rounding.ReportClipping(context.Diagnostics);
        ReportConvolutions(model, context);
    }

    /// <summary>Decided before anything changes, since products of one activation are weighed together.</summary>
    private Dictionary<Value, string> FindSlower(OnnxModel model)
    {
        var slower = new SlowerDynamically(model);
        if (options.Prefer == Preference.Size || options.LeavesProducts)
            return [];
        return WeightCandidate.Find(model).Select(weight => (weight.Value, Why: slower.Refusal(weight))).Where(pair => pair.Why is not null)
            .ToDictionary(pair => pair.Value, pair => pair.Why!);
    }

    private static bool IsProduct(Use use) => WeightSlots.IsWeight(use) && use.User.Is("MatMul", "Gemm", "Conv", "ConvTranspose");

    /// <summary>Tells of layers whose weights are made at run time, or at least not yet constants.</summary>
    private static void RefuseComputed(OnnxModel model, PassContext context)
    {
        foreach (var node in GraphWalker.Nodes(model).Where(node => node.OpType is "LSTM" or "Attention" && OperatorCatalog.WeightInputs(node).Length > 0))
            foreach (var input in OperatorCatalog.WeightInputs(node))
                if (node.Input(input) is { Initializer: null, Constant: null } computed && !DequantizedValue.Is(computed))
                    context.Refuse(node, $"its weight {computed} is computed: where simplify stands before, that may be a constant");
    }

    /// <summary>Tells of weights that are codes already, where not all that is multiplied is.</summary>
    private void RefuseQuantized(OnnxModel model, PassContext context)
    {
        var codes = GraphWalker.Nodes(model).SelectMany(node => node.Inputs.OfType<Value>()).Distinct().Where(DequantizedValue.IsConstant)
            .Where(value => value.Uses.Any(use => WeightSlots.IsWeight(use) && !(options.LeavesProducts && IsProduct(use)) && Selector.Selects(use.User)
                && !use.User.Inputs.OfType<Value>().All(DequantizedValue.Is)))
            .Select(value => value.Producer!.Input(0)!).Distinct();
        foreach (var weight in codes)
            context.RefuseWeight(weight.Name, weight.Constant!, "it is quantized already");
    }

    /// <returns>Why the weight stays as it is, or null.</returns>
    private string? Quantize(WeightCandidate weight, IReadOnlyList<DynamicForm> forms, OperatorsLine operators, DynamicRounding rounding, PassContext context,
        string? slower)
    {
        var form = forms.FirstOrDefault(form => form.Reads(weight));
        var group = form?.Group(weight) ?? [weight];
        var guard = group.Select(member => Guard(member, context)).FirstOrDefault(why => why is not null);
        if ((guard ?? (form is null ? NoDynamicForm.Reason(weight, forms, operators) : form.Refusal(group, context)) ?? slower) is { } refusal)
            return refusal;
        var parts = new List<DynamicPart>();
        try
        {
            return Round(group, form!, rounding, context, parts) ?? Write(parts, form!, rounding, context);
        }
        finally
        {
            parts.ForEach(part => part.Codes.Dispose());
        }
    }

    private string? Guard(WeightCandidate weight, PassContext context) =>
        WeightGuards.Refusal(weight, Selector, context.Opset(weight.Value.Graph)) ?? WeightGuards.UnknownAttributes(weight);

    /// <summary>Quantizes the weights that stand or fall together, or tells why none of them can be.</summary>
    private static string? Round(IReadOnlyList<WeightCandidate> group, DynamicForm form, DynamicRounding rounding, PassContext context, List<DynamicPart> parts)
    {
        foreach (var weight in group)
        {
            var matrix = form.Matrix(weight);
            if (WeightGuards.SmallGain(weight.Content, rounding.ByteCount(matrix)) is { } small)
                return small;
            if (rounding.Quantize(weight, matrix, form.Sums) is not { } part)
                return WeightGuards.NotFinite(weight, context);
            parts.Add(part);
        }
        return null;
    }

    private static string? Write(List<DynamicPart> parts, DynamicForm form, DynamicRounding rounding, PassContext context)
    {
        if (!context.Rewriting(form.Announcement, parts[0].Weight.Value))
            return null;
        var bytes = form.Write(parts);
        foreach (var (part, size) in parts.Zip(bytes))
        {
            part.Weight.Value.RemoveIfUnused();
            context.Compressed(part.Weight.Name, part.Weight.Content, size, $"{part.Grid} as {form.Name}");
            if (form.Sums)
                rounding.NoteClipping(part);
        }
        return null;
    }

    private void ReportConvolutions(OnnxModel model, PassContext context)
    {
        var count = GraphWalker.Nodes(model).Count(node => node.Is("ConvInteger"));
        if (count > 0 && options.Operators.Contains("Conv"))
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.SlowDynamicConvolutions,
                $"{count} convolutions multiply in integers as 'operators' asks. On CPUs this takes many times as long as floats: measured 4 times, depthwise 20 times. " +
                "Take Conv out of 'operators', or use quantize-static"));
    }
}

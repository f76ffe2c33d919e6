using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Mixed;

namespace ModelOptimizer.Passes;

/// <summary>Brings a quantized model from the plain form to another one.</summary>
/// <param name="before">The model as it was before.</param>
/// <param name="computing">Its nodes that compute with integers now.</param>
/// <param name="kernels">Codes of kernels that are not the nearest, with those that are.</param>
/// <param name="context">Of the quantized model.</param>
internal sealed class StaticFormWriter(
    OnnxModel before, IReadOnlySet<Node> computing, IReadOnlyList<(Value Codes, Tensor Nearest)> kernels, PassContext context)
{
    /// <summary>The forms that differ, the plain one first.</summary>
    public IReadOnlyList<StaticForm> Forms { get; } =
    [
        .. from isNearest in kernels.Count > 0 ? new[] { false, true } : [false]
        from rounds in Enumerable.Range(0, HasBiases(before, computing, context) ? BiasCorrection.Rounds + 1 : 1)
        select new StaticForm(rounds, isNearest),
    ];

    /// <summary>Writes the form into the model itself.</summary>
    public void Write(StaticForm form, LearnedShifts shifts) => Write(form, shifts, context, value => value);

    /// <summary>Writes the form into a copy.</summary>
    /// <exception cref="DiagnosticException">What is to be learned for it can't be computed.</exception>
    public OnnxModel Try(StaticForm form, LearnedShifts shifts)
    {
        var copy = new ModelCopy(context.Model);
        var silent = new PassContext(copy.Model, new RewriteLog(), context.Engine, new DiagnosticBag());
        Write(form, shifts, silent, value => (Value)copy.CopyOf(value));
        return copy.Model;
    }

    private void Write(StaticForm form, LearnedShifts shifts, PassContext target, Func<Value, Value> now)
    {
        if (form.RoundsToNearest)
            foreach (var (codes, nearest) in kernels)
                Replace(now(codes), nearest, target);
        if (form.Rounds > 0)
            new BiasCorrection(new ValuePairs(before, target.Model), Products(before, computing, target), target).Run(shifts, form.Rounds);
    }

    private static void Replace(Value codes, Tensor nearest, PassContext target)
    {
        if (!target.Rewriting("round the kernel to nearest in", codes.Uses[0].User))
            return;
        var constant = target.Model.AddConstant(codes.Graph, codes.Name, nearest);
        foreach (var use in codes.Uses.ToList())
            use.User.SetInput(use.Index, constant);
        codes.RemoveIfUnused();
    }

    private static bool HasBiases(OnnxModel before, IReadOnlySet<Node> computing, PassContext target)
    {
        target.InferTypes();
        return Products(before, computing, target).Any(product => BiasPlace.Of(product).Place is not null);
    }

    private static List<QuantizedProduct> Products(OnnxModel before, IReadOnlySet<Node> computing, PassContext target) =>
        [.. QuantizedProducts.Of(new ValuePairs(before, target.Model)).Found.Where(product => computing.Contains(product.Original.Node))];
}

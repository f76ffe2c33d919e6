using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Makes one Cast of two in a row where the type in between holds every number of the first and the way over it rounds nothing.
/// <code>
/// Cast(Cast(x: int32, int64), float)  =>  Cast(x, float)
/// </code>
/// </summary>
[Description("Makes one Cast of two in a row where the type in between loses nothing.")]
public sealed class MergeCasts : NodeRewrite
{
    /// <summary>The first opset that names types by number.</summary>
    private const long TypesByNumber = 6;

    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Cast" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (context.Opset(node.Graph!) < TypesByNumber || node.Input(0)?.Producer is not { } before || !before.Is("Cast") || before.Attributes.HasReferences)
            return Outcome.Done;
        if (TypeOf(before.Input(0)!) is not { } from)
            return Outcome.Refused("its input's type is unknown");
        var (over, to) = (Target(before), Target(node));
        if (!Lossless.IsDetour(from, over, to))
            return Outcome.Refused($"{over.ToOnnxName()} in between may change the numbers");
        if (!context.Rewriting($"merge with {before}", node))
            return Outcome.Done;
        node.SetInput(0, before.Input(0));
        before.RemoveIfUnused();
        return Outcome.Done;
    }

    /// <summary>What a Cast makes is known even where nothing else is: in a function.</summary>
    private static DataType? TypeOf(Value value) =>
        value.Type?.ElementType ?? (value.Producer is { } cast && cast.Is("Cast") && !cast.Attributes.HasReferences ? Target(cast) : null);

    private static DataType Target(Node cast) => (DataType)cast.Attributes.GetInt("to", 0);
}

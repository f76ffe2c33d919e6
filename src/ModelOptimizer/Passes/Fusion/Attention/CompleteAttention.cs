using System.ComponentModel;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// Gives the four products of BERT's attention the biases of zeros that they lack: ONNX Runtime makes one Attention only of the whole layer
/// with all of them, between a layer normalization and the residual sum.
/// <code>
/// MatMul(x, w)  =>  Add(MatMul(x, w), zeros)
/// </code>
/// Only up to opset 12, since the runtime does not know the mask of later ones. Equal in every comparison: −0 + 0 is +0.
/// </summary>
[Description("Gives the products of BERT's attention the biases that they lack, so that the runtime knows it.")]
public sealed class CompleteAttention : NodeRewrite
{
    /// <summary>The last opset whose masks the runtime knows.</summary>
    public const long LatestOpset = 12;

    /// <summary>Query, key and value read it, and the residual sum.</summary>
    private const int ReadersOfHidden = 4;

    private static readonly Capture Hidden = new();

    // Axes are attributes up to opset 12.
    private static readonly Pattern Flags = Pattern.Op("Unsqueeze", Pattern.Op("Unsqueeze", new Capture()));
    private static readonly Pattern Mask = Pattern.Op("Mul", Pattern.Op("Sub", 1, Pattern.Op("Cast", Flags) | Flags), -10000);
    private static readonly Pattern Products = Pattern.Op("MatMul", Apart(0, 2, 1, 3), Apart(0, 2, 3, 1));
    private static readonly Pattern Scores = Pattern.Op("Add", Pattern.Op("Div", Products, Capture.Number()), Mask);
    private static readonly Pattern Weights =
        new OperatorPattern("Softmax", [Scores]) { Accepts = node => node.Attributes.GetInt("axis", 1) == 3 };

    private static readonly Pattern Context = Transposed(Pattern.Op("MatMul", Weights, Apart(0, 2, 1, 3)), 0, 2, 1, 3);
    private static readonly Pattern Residual = Pattern.Op("Add", Linear(Pattern.Op("Reshape", Context, Constant())), Hidden);

    public override NumericEffect Effect => NumericEffect.Reassociates;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Add" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (context.Opset(node.Graph!) is < ConstantOperand.BroadcastOpset or > LatestOpset || Residual.Match(node).FirstOrDefault() is not { } match)
            return Outcome.Done;
        if (!IsNormalized(match[Hidden]) || match[Hidden].Uses.Count != ReadersOfHidden)
            return Outcome.Refused("it does not stand between a layer normalization and its residual sum");
        List<(Node Product, long Width)> bare = [.. match.Nodes.Select(Bare).OfType<(Node, long)>()];
        if (bare.Count == 0 || !context.Rewriting("complete attention", node))
            return Outcome.Done;
        foreach (var (product, width) in bare)
            AppendedOperand.Append(product, "Add", Tensor.Create([width], new float[width]));
        return Outcome.Done;
    }

    /// <summary>
    /// Whether a bias stands where the runtime looks for it, behind a normalization that is an operator already. Before, taking zeros away
    /// saves nodes; after, it would undo what <c>fuse</c> did.
    /// </summary>
    public static bool Needs(Node bias) =>
        bias.Inputs.Select(input => input?.Producer).FirstOrDefault(producer => producer?.Is("MatMul") == true) is { } product
        && (IsOperator(product.Input(0)!)
            || (bias.Output().Uses is [{ User: { IsReturn: false } sum }] && Residual.Match(sum).Any(match => IsOperator(match[Hidden]))));

    private static bool IsOperator(Value hidden) => hidden.Uses.Count == ReadersOfHidden && hidden.Producer?.Is("LayerNormalization") == true;

    /// <summary>Whether this is a normalization's operator, or ends its formula.</summary>
    private static bool IsNormalized(Value hidden) => hidden.Producer is { } node
        && (node.Is("LayerNormalization")
            || (node.Is("Add") && node.Inputs.Any(input => input?.Constant is not null)
                && node.Inputs.Any(input => input?.Producer?.Is("Mul") == true)));

    /// <summary>A product with square weights that has no bias, and how wide it is; else null.</summary>
    private static (Node, long)? Bare(Node node) =>
        node.Is("MatMul") && node.Input(1)?.Constant is { ElementType: DataType.Float, Dimensions: [var rows, var width] } && rows == width
            && AppendedOperand.Of(node, "Add", width) is null
            ? (node, width)
            : null;

    private static Capture Constant() => new(value => value.Constant is not null);

    private static Pattern Linear(Pattern x)
    {
        var product = Pattern.Op("MatMul", x, Constant());
        return Pattern.Op("Add", product, Constant()) | product;
    }

    private static OperatorPattern Apart(params long[] permutation) =>
        Transposed(Pattern.Op("Reshape", Linear(Hidden), Constant()), permutation);

    private static OperatorPattern Transposed(Pattern operand, params long[] permutation) =>
        new("Transpose", [operand]) { Accepts = node => HeadLayout.IsTranspose(node, permutation) };
}

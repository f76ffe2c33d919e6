using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// A layer of BERT's attention, from a layer normalization to the residual sum, as ONNX Runtime looks for it to make one Attention of it; its
/// four products, for query, key, value and the output, may still lack their biases. (Devlin et al., "BERT", arXiv 1810.04805.)
/// </summary>
internal sealed class BertAttention
{
    /// <summary>The last opset whose masks the runtime knows.</summary>
    public const long LatestOpset = 12;

    /// <summary>Query, key and value read it, and the residual sum.</summary>
    private const int ReadersOfHidden = 4;

    private static readonly Capture Source = new();

    // Axes are attributes up to opset 12.
    private static readonly Capture Flag = new();
    private static readonly Pattern Flags = Pattern.Op("Unsqueeze", Pattern.Op("Unsqueeze", Flag));
    private static readonly Pattern Masking = Pattern.Op("Mul", Pattern.Op("Sub", 1, Pattern.Op("Cast", Flags) | Flags), -10000);

    /// <summary>All layers share the mask, so its nodes are no part of the match.</summary>
    private static readonly Capture Mask = new(value => value.Producer is { } node && Masking.Match(node).Any());

    private static readonly Pattern Products = Pattern.Op("MatMul", Apart(0, 2, 1, 3), Apart(0, 2, 3, 1));
    private static readonly Pattern Scores = Pattern.Op("Add", Pattern.Op("Div", Products, Capture.Number()), Mask);
    private static readonly Pattern Weights =
        new OperatorPattern("Softmax", [Scores]) { Accepts = node => node.Attributes.GetInt("axis", 1) == 3 };

    private static readonly Pattern Context = Transposed(Pattern.Op("MatMul", Weights, Apart(0, 2, 1, 3)), 0, 2, 1, 3);
    private static readonly Pattern Residual = Pattern.Op("Add", Linear(Pattern.Op("Reshape", Context, Constant())), Source);

    private readonly Match _match;
    private readonly List<(Node Product, Node? Bias)> _products;

    private BertAttention(Match match)
    {
        _match = match;
        _products = [.. match.Nodes.Where(node => node.Is("MatMul") && node.Input(1)?.Constant is not null).Select(node => (node, BiasOf(node)))];
        Misfit = FindMisfit();
    }

    /// <summary>Why the runtime would not know the layer with all its biases; null when it would.</summary>
    public string? Misfit { get; }

    /// <summary>The products that have no bias, and how many columns they have.</summary>
    public IEnumerable<(Node Product, long Width)> Bare =>
        _products.Where(both => both.Bias is null).Select(both => (both.Product, WidthOf(both.Product)));

    private Value Hidden => _match[Source];

    /// <summary>The layer that ends in a residual sum; null when it ends something else.</summary>
    public static BertAttention? Of(Node sum) =>
        Residual.Match(sum).FirstOrDefault(match => match[Mask].Producer!.Graph == sum.Graph) is { } match ? new(match) : null;

    /// <summary>
    /// Whether an Add is a bias that the runtime needs: of a layer that it knows, behind a normalization that is an operator already.
    /// </summary>
    public static bool Needs(Node bias)
    {
        // A layer's sum reads either what its product reads or what the bias gives.
        if (bias.Inputs.Select(input => input?.Producer).FirstOrDefault(producer => producer?.Is("MatMul") == true)?.Input(0) is not { } x)
            return false;
        IEnumerable<Use> readers = x.Uses.Count == ReadersOfHidden ? x.Uses : [];
        return readers.Concat(bias.Output().Uses).Select(use => use.User).Where(user => user.Is("Add") && user.Graph == bias.Graph).Distinct()
            .Select(Of).Any(layer => layer is { Misfit: null } && layer.IsNormalizedByOperator && layer._match.Nodes.Contains(bias));
    }

    private bool IsNormalizedByOperator => Hidden.Producer?.Is("LayerNormalization") == true;

    /// <summary>Whether it begins with a normalization's operator, or the end of its formula.</summary>
    private bool IsNormalized => IsNormalizedByOperator || (Hidden.Producer is { } node && node.Is("Add")
        && node.Inputs.Any(input => input?.Constant is not null)
        && node.Inputs.Any(input => input?.Producer?.Is("Mul") == true));

    private string? FindMisfit()
    {
        if (!IsNormalized)
            return "it does not stand between a layer normalization and its residual sum";
        if (Hidden.Uses.Count != ReadersOfHidden)
            return $"'{Hidden}' is not read by query, key, value and the residual sum alone";
        if (ReadElsewhere is { } value)
            return $"'{value}' within is read elsewhere too";
        if (!Masking.Match(_match[Mask].Producer!).Any(mask => MayBeFlags(mask[Flag])))
            return "its mask may hold other numbers than zeros and ones, which is all that Attention distinguishes";
        if (Hidden.Type?.Shape?.ElementCount is not null)
            return "all its lengths are fixed, and the runtime makes Gemm of such products before it looks for Attention";
        if (_match.Nodes.FirstOrDefault(node => node.Is("Reshape") && !KeepsLengths(node)) is { } reshape)
            return $"'{reshape.Output()}' is laid out by numbers, where the runtime looks for the 0 that keeps a length";
        if (_products.Select(both => both.Product).FirstOrDefault(product => !IsSquare(product.Input(1)!.Constant!)) is { } odd)
            return $"the weights of '{odd.Output()}' are no square of floats";
        return _products.FirstOrDefault(both => both.Bias is not null && !IsVector(both.Bias, WidthOf(both.Product))).Bias is { } bias
            ? $"the bias '{bias.Input(1)}' is no vector for all columns, and the runtime knows no other"
            : null;
    }

    /// <summary>Whole numbers are taken for flags, as the runtime takes those of every layer with biases; floats may mask by half.</summary>
    private static bool MayBeFlags(Value value) => value.Type?.ElementType is DataType.Bool or DataType.Int32 or DataType.Int64
        || value.Producer is { } cast && cast.Is("Cast") && MayBeFlags(cast.Input(0)!);

    /// <summary>Whether batch and sequence are kept as the runtime, ONNX Runtime 1.31, wants it.</summary>
    private static bool KeepsLengths(Node reshape) => reshape.Input(1)!.Constant!.AsInt64s() is [0, 0, > 0] or [0, 0 or -1, > 0, > 0];

    private static bool IsVector(Node bias, long width) => bias.Input(1)!.Constant!.Dimensions is [var length] && length == width;

    /// <summary>A value that others read too, and that would be gone; what Attention gives, and what is made of that, stays.</summary>
    private Value? ReadElsewhere
    {
        get
        {
            var (output, bias) = _products.First(both => both.Product.Input(0) != Hidden);
            Node?[] stay = [_match.Root, bias, output, output.Input(0)!.Producer];
            return _match.Nodes.Where(node => !stay.Contains(node)).Select(node => node.Output())
                .FirstOrDefault(value => value.Uses.Any(use => !_match.Nodes.Contains(use.User)));
        }
    }

    private Node? BiasOf(Node product) =>
        _match.Nodes.FirstOrDefault(node => node.Is("Add") && node.Input(0) == product.Output() && node.Input(1)?.Constant is not null);

    private static long WidthOf(Node product) => product.Input(1)!.Constant!.Dimensions[^1];

    private static bool IsSquare(Tensor weights) => weights is { ElementType: DataType.Float, Dimensions: [var rows, var width] } && rows == width;

    private static Capture Constant() => new(value => value.Constant is not null);

    private static Pattern Linear(Pattern x)
    {
        var product = Pattern.Op("MatMul", x, Constant());
        return Pattern.Op("Add", product, Constant()) | product;
    }

    private static OperatorPattern Apart(params long[] permutation) =>
        Transposed(Pattern.Op("Reshape", Linear(Source), Constant()), permutation);

    private static OperatorPattern Transposed(Pattern operand, params long[] permutation) =>
        new("Transpose", [operand]) { Accepts = node => HeadLayout.IsTranspose(node, permutation) };
}

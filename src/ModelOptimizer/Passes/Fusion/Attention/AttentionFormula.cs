using System.Globalization;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// What a match of the attention formula says: which value plays which part. Axes are called B (batch), N (heads), S (queries), T (keys) and
/// H (elements of a head).
/// </summary>
internal sealed class AttentionFormula
{
    /// <summary>Scores with a number this low added are this number, whatever they were, as if it had been filled in.</summary>
    private const float Absorbing = -1e30f;

    private static readonly Capture Q = new();
    private static readonly Capture K = new();
    private static readonly Capture KeyRows = new();
    private static readonly Capture KeyColumns = new();
    private static readonly Capture V = new();
    private static readonly Capture AddedMask = new();
    private static readonly Capture SecondMask = new();
    private static readonly Capture WindowMask = new();
    private static readonly Capture Windowed = new();
    private static readonly Capture Together = new();
    private static readonly Capture Kept = new();
    private static readonly Capture Dropped = new();
    private static readonly Capture Fill = Capture.Number();
    private static readonly Capture[] Factors = [Capture.Number(), Capture.Number(), Capture.Number()];
    private static readonly Capture[] Divisors = [Capture.Number(), Capture.Number(), Capture.Number()];
    private static readonly Capture Shape = new();

    private static readonly Pattern Keys =
        ScaledBy(2, Transposed(ScaledBy(1, K), 0, 1, 3, 2) | Transposed(ScaledBy(1, KeyRows), 0, 2, 3, 1)) | KeyColumns;
    private static readonly Pattern Products = Pattern.Op("MatMul", ScaledBy(0, Q), Keys);
    private static readonly Capture ScoreFactor = Capture.Number();
    private static readonly Capture ScoreDivisor = Capture.Number();
    private static readonly Pattern Scores = Products * ScoreFactor | Products / ScoreDivisor | Products;
    private static readonly Pattern Masked =
        Pattern.Op("Reshape", Pattern.Op("Reshape", Scores + AddedMask, Windowed) + WindowMask, Together)
        | Scores + AddedMask + SecondMask | Scores + AddedMask | Pattern.Op("Where", Kept, Scores, Fill) | Pattern.Op("Where", Dropped, Fill, Scores) | Scores;
    private static readonly Pattern Weights = new OperatorPattern("Softmax", [Masked]) { Accepts = node => node.Attributes.GetInt("axis", -1) is -1 or 3 };
    private static readonly Pattern Guarded = Pattern.Op("Where", Pattern.Op("IsNaN", Weights), 0, Weights) | Weights;
    private static readonly Pattern Product = Pattern.Op("MatMul", Guarded, V);

    private readonly Match _match;

    public AttentionFormula(Match match)
    {
        _match = match;
        Query = match[Q];
        (Key, KeyIsRows) = match.TryGet(K) is { } key ? (key, false) : (match.TryGet(KeyRows) ?? match[KeyColumns], true);
        Value = match[V];
        Scale = ScaleOf(match);
        Misfit = FindMisfit();
    }

    /// <summary>The weighted sum of the values, and, tried first, its heads put side by side.</summary>
    public static Pattern Pattern { get; } = Pattern.Op("Reshape", Transposed(Product, 0, 2, 1, 3), Shape) | Product;

    public Node Root => _match.Root;

    /// <summary><c>[B, N, S, H]</c>.</summary>
    public Value Query { get; }

    /// <summary><c>[B, N, T, H]</c>, or <c>[B, T, N, H]</c> where <see cref="KeyIsRows"/>.</summary>
    public Value Key { get; }

    public bool KeyIsRows { get; }

    /// <summary><c>[B, N, T, H]</c>.</summary>
    public Value Value { get; }

    public double Scale { get; }

    /// <summary>Why this is no attention that the operator computes; null when it is one.</summary>
    public string? Misfit { get; }

    /// <summary>Whether the match ends with heads side by side again.</summary>
    public bool IsWithRows => Root.Is("Reshape");

    public bool IsGuarded => _match.Nodes.Any(node => node.Is("IsNaN"));

    /// <summary>The mask that is added; null when there is none or it is filled in.</summary>
    public Value? Mask => _match.TryGet(AddedMask);

    /// <summary>Another mask that is added behind the first one, as windows add theirs to relative positions; null when there is none.</summary>
    public Value? OtherMask => _match.TryGet(SecondMask);

    /// <summary>Another mask that is added behind the first one, for each window of an image; null when there is none.</summary>
    public WindowMask? Windows => _match.TryGet(WindowMask) is { } mask
        ? new(mask, _match.Nodes.First(node => node.Is("Add") && node.Inputs.Contains(mask)))
        : null;

    /// <summary>The condition that fills the mask in, what is filled in, and whether the condition says where; null when there is none.</summary>
    public (Value Condition, Value Fill, bool WhereTrue)? Filling => _match.TryGet(Kept) is { } kept ? (kept, _match[Fill], false)
        : _match.TryGet(Dropped) is { } dropped ? (dropped, _match[Fill], true)
        : null;

    private string? FindMisfit()
    {
        if (_match.TryGet(KeyColumns) is { } columns)
            return $"its keys '{columns}' are not transposed just before they are multiplied";
        if (new[] { Query, Key, Value }.FirstOrDefault(operand => operand.Type is not { ElementType: DataType.Float, Shape.Rank: 4 }) is { } odd)
            return $"'{odd}' is not known to be float heads of four axes";
        if (!(Scale > 0) || double.IsInfinity(Scale))
            return "its scale is not positive";
        if (Filling is not null && _match.Number(Fill) is var number && !(number <= Absorbing))
            return string.Create(CultureInfo.InvariantCulture, $"it fills {number:g4} in for scores: a row that is masked as a whole would come out otherwise");
        var addition = Windows?.Addition;
        return _match.Nodes.Where(node => !node.Is("Reshape") && node != addition).Any(node => node.Output().Type?.Shape?.Rank != 4) ? "its scores are not known to have four axes" : null;
    }

    private static double ScaleOf(Match match)
    {
        var scale = Number(match, ScoreFactor) / Number(match, ScoreDivisor);
        return Factors.Zip(Divisors).Aggregate(scale, (product, both) => product * Number(match, both.First) / Number(match, both.Second));
    }

    private static double Number(Match match, Capture capture) => match.TryGet(capture) is null ? 1 : match.Number(capture);

    private static Pattern ScaledBy(int place, Pattern pattern) => pattern * Factors[place] | pattern / Divisors[place] | pattern;

    private static OperatorPattern Transposed(Pattern operand, params long[] permutation) =>
        new("Transpose", [operand]) { Accepts = node => HeadLayout.IsTranspose(node, permutation) };
}

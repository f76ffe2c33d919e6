using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Follows a very negative constant forward. As long as it is moved about, chosen by Where, added to scores or multiplied by whole numbers,
/// all that counts is that it is far below everything else; behind a Softmax it is exactly zero.
/// </summary>
internal sealed class MaskPaths
{
    private readonly HashSet<Value> _seen = [];
    private readonly Stack<Value> _pending = [];
    private readonly bool _isInfinite;

    private MaskPaths(Value start, bool isInfinite)
    {
        _isInfinite = isInfinite;
        Follow(start);
        while (_pending.TryPop(out var value))
            foreach (var use in value.Uses)
                Visit(use);
    }

    /// <summary>Whether any of its ways ends in a Softmax.</summary>
    public bool ReachesSoftmax { get; private set; }

    /// <summary>Why another value in its place could be seen; null when it can't.</summary>
    public string? Refusal { get; private set; }

    /// <param name="isInfinite">Whether it holds −∞, of which a product with zero is undefined.</param>
    public static MaskPaths From(Value start, bool isInfinite) => new(start, isInfinite);

    private void Follow(Value value)
    {
        if (_seen.Add(value))
            _pending.Push(value);
    }

    private void Visit(Use use)
    {
        if (IsSoftmax(use))
        {
            ReachesSoftmax = true;
            return;
        }
        var problem = Problem(use);
        Refusal ??= problem;
        // A scaled mask is still one, though not one to touch.
        if (problem is null || use.User.Is("Mul"))
            foreach (var output in use.User.Outputs.OfType<Value>())
                Follow(output);
    }

    /// <summary>Attention adds its mask to scores and takes the Softmax of them.</summary>
    private static bool IsSoftmax(Use use) => use.User.Is("Softmax") || (use.User.Is("Attention") && use.Index == 3);

    /// <summary>Why the value can't be followed through this reader; null when it can.</summary>
    private string? Problem(Use use) => use.User switch
    {
        { IsReturn: true } => "it is handed out of its graph",
        var node when DataMovement.Moves(node, use.Index) || node.Is("Add", "Max") => null,
        var node when node.Is("Cast") && node.Attributes.TryGetInt("to") is { } to && ((DataType)to).IsFloatingPoint() => null,
        var node when node.Is("Mul") && _isInfinite => $"{node} makes NaN of it where the other factor is zero",
        var node when node.Is("Mul") => WholeNumbers.Holds(node.Input(1 - use.Index)!) ? null : $"{node} scales it by what may be no whole number",
        var node => $"{node} reads it, too",
    };
}

using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Matching;

/// <summary>Any value that passes the test, kept under this object as its name: <c>match[capture]</c>.</summary>
internal sealed class Capture(Func<Value, bool>? accepts = null) : Pattern
{
    public override IEnumerable<Match> Match(Value? value, Match match)
    {
        if (value is null)
            return [];
        if (match.TryGet(this) is { } known)
            return known == value ? [match] : [];
        return accepts?.Invoke(value) == false ? [] : [match.With(this, value)];
    }

    /// <summary>A constant number, such as a normalization's epsilon.</summary>
    public static Capture Number() => new(value => value.Constant is { ElementCount: 1 } constant
        && constant.ElementType.IsFloatingPoint());
}

using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace ModelOptimizer.Onnx.Tests;

/// <summary>Finds the first place where two messages differ, so that a failing round trip names it.</summary>
internal static class MessageDiff
{
    /// <summary>The path of the first difference, or null when the messages are equal.</summary>
    public static string? First(IMessage expected, IMessage actual)
    {
        if (expected.Equals(actual))
            return null;
        foreach (var field in expected.Descriptor.Fields.InFieldNumberOrder())
            if (First(field.Accessor.GetValue(expected), field.Accessor.GetValue(actual)) is { } deeper)
                return $"{expected.Descriptor.Name}.{field.Name}{deeper}";
        return $"{expected.Descriptor.Name}: unknown fields";
    }

    private static string? First(object? expected, object? actual) => (expected, actual) switch
    {
        (IMessage e, IMessage a) => First(e, a) is { } deeper ? $" > {deeper}" : null,
        (System.Collections.IList e, System.Collections.IList a) => FirstInLists(e, a),
        _ => Equals(expected, actual) ? null : $": '{expected}' != '{actual}'",
    };

    private static string? FirstInLists(System.Collections.IList expected, System.Collections.IList actual)
    {
        for (var i = 0; i < Math.Min(expected.Count, actual.Count); i++)
            if (First(expected[i], actual[i]) is { } deeper)
                return $"[{i}]{deeper}";
        return expected.Count == actual.Count ? null : $": {expected.Count} entries != {actual.Count}";
    }
}

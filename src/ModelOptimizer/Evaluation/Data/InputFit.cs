using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Says in words why an array can't be fed into an input. Null means it can.</summary>
internal static class InputFit
{
    public static string? TypeProblem(NamedType input, DataType given, string givenName) => input.Type switch
    {
        null => $"Input '{input.Name}' is not a tensor; data files hold tensors only",
        { ElementType: DataType.String } => $"Input '{input.Name}' takes text, which data files can't hold",
        { } type when Widening.IsPossible(given, type.ElementType) => null,
        { } type => $"Input '{input.Name}' takes {type.ElementType.ToOnnxName()}, but the data has {givenName}; "
            + $"save it as {type.ElementType.ToOnnxName()} (only widening that loses nothing is done for you)",
    };

    /// <summary>Holds one sample's shape against the input's.</summary>
    /// <param name="skip">Leading axes not to compare: those that are cut into samples.</param>
    public static string? ShapeProblem(NamedType input, ReadOnlySpan<long> sample, int skip = 0)
    {
        if (input.Type?.Shape is not { } shape)
            return null;
        if (shape.Rank != sample.Length)
            return $"Input '{input.Name}' has rank {shape.Rank} {shape}, but the data has rank {sample.Length} {Shape.Of([.. sample])}";
        for (var axis = skip; axis < sample.Length; axis++)
            if (shape[axis].Value is { } length && length != sample[axis])
                return $"Input '{input.Name}' is {shape}, but the data has {sample[axis]} at axis {axis} of {Shape.Of([.. sample])}";
        return null;
    }

    public static string Missing(NamedType input, IReadOnlyList<string> names)
    {
        var similar = Suggestion.For(input.Name, names);
        return $"Input '{input.Name}' ({input.Type}) has no array in the data"
            + (similar is null ? "" : $"; is '{similar}' meant for it?")
            + (names.Count == 0 ? " (there are none)" : $" (there are: {string.Join(", ", names)})");
    }
}

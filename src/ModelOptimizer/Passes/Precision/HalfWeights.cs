using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Weights that a model holds in 16 bits, seen as float32. Their codes get float32 scales, since the runtime fuses a product of floats with no others:
/// nodes that compute in float16 compute in float32 instead, between Casts, as CPUs do with most of them anyway.
/// </summary>
internal static class HalfWeights
{
    /// <summary>Every weight, and those of 16 bits by what reads them behind a Cast to float32.</summary>
    public static IEnumerable<WeightCandidate> Find(OnnxModel model) => WeightCandidate.FindConstants(model).Select(BehindCasts).Where(weight => weight.IsWeight);

    /// <summary>Every other constant of float32, such as a bias.</summary>
    public static IEnumerable<WeightCandidate> FindOthers(OnnxModel model) =>
        WeightCandidate.FindConstants(model).Where(constant => constant.Content.ElementType == DataType.Float && !constant.IsWeight);

    public static bool Is(WeightCandidate weight) => weight.Content.ElementType is DataType.Float16 or DataType.BFloat16;

    /// <summary>Lets all nodes that read the weight expect float32, and give back what they gave before.</summary>
    public static void Prepare(WeightCandidate weight)
    {
        if (!Is(weight) || Casts(weight.Value).Any())
            return;
        var tied = TiedWeight.Of(weight);
        foreach (var transpose in tied?.Transposes ?? [])
            transpose.Output().Type = Widen(transpose.Output().Type);
        foreach (var reader in (tied?.Weight ?? weight).Uses.Select(use => use.User).Distinct().ToList())
        {
            foreach (var index in Activations(reader))
                CastBefore(reader, index);
            CastBehind(reader, weight.Content.ElementType);
        }
    }

    /// <summary>Takes away Casts that nothing reads any more.</summary>
    public static void CleanUp(WeightCandidate weight)
    {
        foreach (var cast in Casts(weight.Value).Where(cast => cast.Output().Uses.Count == 0).ToList())
            cast.Remove();
    }

    private static WeightCandidate BehindCasts(WeightCandidate constant) => Is(constant) && constant.Uses.All(use => IsCast(use.User))
        ? constant with { Uses = [.. constant.Uses.SelectMany(use => use.User.Output().Uses)] }
        : constant;

    private static TensorType? Widen(TensorType? type) => type is null ? null : type with { ElementType = DataType.Float };

    private static IEnumerable<Node> Casts(Value value) => value.Uses.Select(use => use.User).Where(IsCast);

    private static bool IsCast(Node node) => node.Is("Cast") && node.Attributes.GetInt("to", 0) == (long)DataType.Float;

    /// <summary>The inputs of the weight's type beside it: what it multiplies, and biases.</summary>
    private static int[] Activations(Node reader) => reader.OpType switch
    {
        "Gather" => [],
        "Attention" => [0, 2, 5],
        _ => [0, 2],
    };

    private static void CastBefore(Node reader, int index)
    {
        if (reader.Input(index) is not { } input)
            return;
        var cast = reader.Graph!.Insert(reader, "Cast", [input], name: $"{reader.Name}_float_{index}");
        cast.Attributes.Set("to", (long)DataType.Float);
        cast.Output().Type = Widen(input.Type);
        reader.SetInput(index, cast.Output());
    }

    private static void CastBehind(Node reader, DataType half)
    {
        var (output, name, type) = (reader.Output(), reader.Output().Name, reader.Output().Type);
        var cast = reader.Graph!.InsertAfter(reader, "Cast", [output], name: $"{reader.Name}_{half.ToOnnxName()}");
        cast.Attributes.Set("to", (long)half);
        output.ReplaceAllUsesWith(cast.Output());
        cast.SetInput(0, output);
        (cast.Output().Type, output.Type) = (type, Widen(type));
        (cast.Output().Name, output.Name) = (name, $"{name}_float");
    }
}

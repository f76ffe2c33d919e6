using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Profiles;

internal enum ModelTask
{
    Classification,
    LanguageModel,
    Other,
}

internal enum Compression
{
    None,
    DynamicInt8,
    Float16,
}

/// <summary>What of a model matters for a first profile.</summary>
internal sealed record ModelTraits
{
    private static readonly string[] QuantizedOperators = ["QuantizeLinear", "DequantizeLinear", "MatMulInteger", "QLinearMatMul", "QLinearConv", "MatMulNBits"];

    public required IReadOnlyList<Value> Inputs { get; init; }

    public required int Nodes { get; init; }

    public required long Parameters { get; init; }

    public required long Bytes { get; init; }

    /// <summary>Share of the float32 weights that are matrices of MatMul and Gemm, large enough to gain by 8 bits.</summary>
    public required double MatrixShare { get; init; }

    /// <summary>Share of all bytes that are float32 weights.</summary>
    public required double FloatShare { get; init; }

    public required bool IsQuantized { get; init; }

    /// <summary>Whether there is anything at all that quantize-dynamic takes.</summary>
    public required bool HasProducts { get; init; }

    /// <summary>Whether it has convolutions, which only static quantization makes faster.</summary>
    public required bool Convolves { get; init; }

    public required ModelTask Task { get; init; }

    public Compression Suggestion => IsQuantized || FloatShare == 0 ? Compression.None
        : MatrixShare >= 0.5 ? Compression.DynamicInt8
        : Compression.Float16;

    /// <summary>The size to expect as a share of the original, with some room, in steps of 5 %.</summary>
    public double ExpectedRatio => Math.Min(1, Math.Ceiling(20 * (Suggestion switch
    {
        Compression.DynamicInt8 => 1 - 0.75 * FloatShare * MatrixShare,
        Compression.Float16 => 1 - 0.5 * FloatShare,
        _ => 0.95,
    } + 0.05)) / 20);

    public static ModelTraits Of(OnnxModel model, IInferenceEngine engine)
    {
        var summary = ModelSummary.Of(model);
        var slow = SlowMatrices(model, engine);
        var floats = summary.Constants.Where(constant => constant.Type.ElementType == DataType.Float).ToList();
        var floatBytes = floats.Sum(constant => constant.Bytes);
        var matrixBytes = floats.Where(constant => constant is { Operator: "MatMul" or "Gemm", Type.Shape.Rank: 2 } && !slow.Contains(constant.Name))
            .Sum(constant => constant.Bytes);
        return new ModelTraits
        {
            Inputs = [.. model.Graph.Inputs.Where(input => input.Initializer is null)],
            Nodes = summary.Nodes,
            Parameters = summary.Parameters,
            Bytes = summary.ConstantBytes,
            MatrixShare = Share(matrixBytes, floatBytes),
            FloatShare = Share(floatBytes, summary.ConstantBytes),
            IsQuantized = GraphWalker.Nodes(model).Any(node => QuantizedOperators.Contains(node.OpType)),
            HasProducts = GraphWalker.Nodes(model).Any(node => node.OpType is "LSTM" or "Attention")
                || floats.Any(constant =>
                    constant is { Operator: "MatMul" or "Gemm" or "Gather", Type.Shape.Rank: > 1 } && !slow.Contains(constant.Name)),
            Convolves = GraphWalker.Nodes(model).Any(node => node.Is("Conv")),
            Task = TaskOf(model.Graph.Outputs.Select(output => output.Type ?? output.Value.Type).OfType<TensorType>()),
        };
    }

    /// <summary>What quantize-dynamic leaves alone, since it would be slower.</summary>
    private static HashSet<string> SlowMatrices(OnnxModel model, IInferenceEngine engine)
    {
        var typed = model.Clone();
        new TypeInference(engine).Run(typed);
        var slower = new SlowerDynamically(typed);
        return [.. WeightCandidate.Find(typed).Where(weight => slower.Refusal(weight) is not null).Select(weight => weight.Name)];
    }

    // Rows of scores are classes; a score for each word of a vocabulary at each position is a language model.
    private static ModelTask TaskOf(IEnumerable<TensorType> outputs)
    {
        var shapes = outputs.Where(output => output.ElementType.IsFloatingPoint()).Select(output => output.Shape).OfType<Shape>().ToList();
        if (shapes.Exists(shape => shape.Rank == 3 && shape[-1].Value >= 1000))
            return ModelTask.LanguageModel;
        return shapes.Exists(shape => shape.Rank == 2 && shape[-1].Value is > 1 and < 100_000) ? ModelTask.Classification : ModelTask.Other;
    }

    private static double Share(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}

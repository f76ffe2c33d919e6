using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Reads BatchNormalization nodes of all opsets.</summary>
internal static class BatchNormalizations
{
    private static readonly string[] Names = ["scale", "bias", "mean", "variance"];

    /// <summary>Why it is not the fixed formula of inference; null when it is.</summary>
    public static string? Refusal(Node node, long opset)
    {
        if (opset < 7 ? node.Attributes.GetInt("is_test", 0) == 0 : opset >= 14 && node.Attributes.GetInt("training_mode", 0) != 0)
            return "it is in training mode";
        if (node.Outputs.Skip(1).Any(output => output is not null))
            return "it also puts out statistics, as in training";
        if (opset < 9 && node.Attributes.GetInt("spatial", 1) == 0)
            return "it normalizes every place by itself, not channels";
        for (var i = 1; i <= 4; i++)
            if (node.Input(i)?.Constant is null)
                return $"its {Names[i - 1]} is not constant";
        return null;
    }

    /// <summary>What it does to each channel; null when its constants are not one element of a type that is handled per channel.</summary>
    public static ChannelAffine? Read(Node node, int channels)
    {
        var constants = Enumerable.Range(1, 4).Select(i => node.Input(i)!.Constant!).ToList();
        if (constants.Any(constant => constant.ElementCount != channels || !WeightArithmetic.Handles(constant.ElementType)))
            return null;
        var values = constants.ConvertAll(constant => constant.ToDoubles());
        return ChannelAffine.OfBatchNormalization(values[0], values[1], values[2], values[3], node.Attributes.GetFloat("epsilon", 1e-5f));
    }
}

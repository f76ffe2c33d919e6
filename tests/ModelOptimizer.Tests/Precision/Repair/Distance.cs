using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Precision.Repair;

/// <summary>How far outputs of a candidate lie from those of the original on sample inputs.</summary>
internal static class Distance
{
    /// <summary>The root of the mean squared difference of the first output.</summary>
    public static double Between(OnnxModel original, OnnxModel candidate) => Math.Sqrt(Differences(original, candidate).Average(difference => difference * difference));

    /// <summary>The largest mean difference of a channel of the first output.</summary>
    /// <param name="axis">The axis of the channels.</param>
    public static double OfMeans(OnnxModel original, OnnxModel candidate, int axis)
    {
        using var session = PassContexts.Engine.Open(original, new SessionSettings(Optimize: false));
        var shape = session.Run(SampleInputs.Make(session.Inputs, 0))[0]!.Dimensions;
        var inner = (int)shape[(axis + 1)..].Aggregate(1L, (product, length) => product * length);
        return Differences(original, candidate).Select((difference, i) => (difference, Channel: i / inner % (int)shape[axis]))
            .GroupBy(pair => pair.Channel).Max(group => Math.Abs(group.Average(pair => pair.difference)));
    }

    private static List<double> Differences(OnnxModel original, OnnxModel candidate)
    {
        using var before = PassContexts.Engine.Open(original, new SessionSettings(Optimize: false));
        using var after = PassContexts.Engine.Open(candidate, new SessionSettings(Optimize: false));
        var differences = new List<double>();
        for (var seed = 0; seed < 2; seed++)
        {
            var inputs = SampleInputs.Make(before.Inputs, seed);
            differences.AddRange(before.Run(inputs)[0]!.ToDoubles().Zip(after.Run(inputs)[0]!.ToDoubles(), (x, y) => (double)x - y));
        }
        return differences;
    }
}

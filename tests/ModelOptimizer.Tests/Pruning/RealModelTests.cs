using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Pruning;

/// <summary>Real models without channels that were zero compute the same.</summary>
public sealed class RealModelTests
{
    private static readonly Dictionary<string, IGraphPass[]> s_states = new()
    {
        ["as it is"] = [],
        ["simplified"] = [new Simplify(new())],
        ["fused"] = [new Simplify(new()), new Fuse(new())],
    };

    [Category("Slow")]
    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void Channels_that_are_zero_can_go(string path)
    {
        foreach (var (state, passes) in s_states)
        {
            var (masked, narrowed) = (Load(path, passes), Load(path, passes));
            TestContext.Out.WriteLine($"{state}: {Words(masked)}");
            Assert.That(masked.Groups, Has.Count.GreaterThanOrEqualTo(Fewest(path, state)), state);
            masked.Mask(masked.EveryThird);
            narrowed.Remove(narrowed.EveryThird);
            Assert.That(GraphVerifier.Verify(narrowed.Model), Is.Empty, state);
            SameOutputs(masked.Model, narrowed.Model, Sample(path, masked.Model), state);
        }
    }

    private static void SameOutputs(OnnxModel masked, OnnxModel narrowed, Dictionary<string, Tensor>? sample, string state)
    {
        using var before = PassContexts.Engine.Open(masked, new(Optimize: false));
        using var after = PassContexts.Engine.Open(narrowed, new(Optimize: false));
        sample ??= SampleInputs.Make(before.Inputs, seed: 0);
        foreach (var (output, (expected, actual)) in before.Outputs.Zip(before.Run(sample).Zip(after.Run(sample))))
            // These come of comparing neighbours for equality, which float noise decides.
            if (output.Name != "scores")
                TensorAssert.AreEqual(expected, actual, new(1e-5, 1e-6), $"{state}, {output.Name}");
    }

    /// <summary>The number of groups where it tells that paths through a model are followed.</summary>
    private static int Fewest(string path, string state) => (Path.GetFileNameWithoutExtension(path), state) switch
    {
        ("bert-toy", _) => 11,
        ("gpt2-greedy-toy", "as it is") => 10,
        // Both of its decoders share weights then.
        ("gpt2-greedy-toy", _) => 5,
        ("gpt2-past-toy", not "as it is") => 12,
        ("langid-bert", _) => 9,
        ("manllama", not "as it is") => 12,
        ("mlsd-tiny", _) => 17,
        ("mnist-cntk", _) => 2,
        ("mnist-pytorch", _) => 3,
        ("ocr-cls", _) => 25,
        ("ocr-det", _) => 36,
        ("ocr-rec", "as it is") => 23,
        ("ocr-rec", _) => 25,
        _ => 0,
    };

    /// <summary>Inputs as they occur.</summary>
    private static Dictionary<string, Tensor>? Sample(string path, OnnxModel model)
    {
        var data = Path.ChangeExtension(path, ".calib.npz");
        return !File.Exists(data) ? null : new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [data] }).Samples(model, 1).First().Inputs.ToDictionary();
    }

    private static PrunedModel Load(string path, IGraphPass[] passes)
    {
        var model = OnnxModel.Load(path);
        PassContexts.Run(model, passes);
        return new PrunedModel(model);
    }

    private static string Words(PrunedModel pruned) => string.Join(", ", pruned.Groups.GroupBy(group => group.Kind)
        .Select(kind => $"{kind.Count()} {kind.Key} ({kind.Sum(group => group.Units)} units)")) + $"; held: {pruned.Held.Count}";
}

using CsCheck;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>
/// Small models of every kind of step at random, with all in float16 that can be: they are sound, load and run, with outputs of the types
/// of before. Numbers are held by other tests: steps at random jump where float16 rounds.
/// </summary>
[Parallelizable(ParallelScope.Children)]
public sealed class Float16RandomGraphTests
{
    private const ulong Seed = 20261125;

    private static readonly SessionSettings AsWritten = new(Optimize: false);

    [Test]
    public void Loads_and_runs([Range(0, 199)] int number)
    {
        var original = RandomGraph.Any.Generate(new PCG((uint)number, Seed), null, out _).Build();
        var model = original.Clone();
        var operators = GraphWalker.Nodes(model).Select(node => node.OpType).Distinct().ToList();
        PassContexts.Run(model, new ConvertFloat16(new() { Form = HalfForm.Compute, Operators = operators, MinElements = 1 }));

        Assert.That(GraphVerifier.Verify(model), Is.Empty);
        var (before, after) = (Run(original), Run(OnnxModel.Parse(ModelWriter.ToBytes(model))));
        Assert.That(after, Is.EqualTo(before), () => ModelPrinter.Print(model));
    }

    private static List<DataType?> Run(OnnxModel model)
    {
        using var session = PassContexts.Engine.Open(model, AsWritten);
        return [.. session.Run(Feeds.Ordinary(session.Inputs).First()).Select(output => output?.ElementType)];
    }
}

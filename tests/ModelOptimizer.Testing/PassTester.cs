using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using NUnit.Framework;

namespace ModelOptimizer.Testing;

/// <summary>
/// What every pass owes, checked on one model: a sound graph, nothing left to do the second time, and the same outputs in ONNX Runtime
/// as far as its <see cref="NumericEffect"/> promises. Returns what happened for the test's own assertions.
/// </summary>
public static class PassTester
{
    private static readonly SessionSettings AsWritten = new(Optimize: false);

    /// <summary>Runs the pass on a clone.</summary>
    /// <param name="inputs">What to feed; sample data by default.</param>
    /// <param name="tolerance">By default what the pass's effect allows.</param>
    public static PassTest Run(IGraphPass pass, OnnxModel model, Dictionary<string, Tensor>? inputs = null, Tolerance? tolerance = null)
    {
        var result = model.Clone();
        var log = PassContexts.Run(result, pass);
        Assert.That(GraphVerifier.Verify(result), Is.Empty, "the graph is sound");
        Assert.That(PassContexts.Run(result.Clone(), pass).Rewrites, Is.Empty, "nothing is left to do the second time");
        SameOutputs(model, result, tolerance ?? Tolerance.Of(pass.Effect), inputs);
        return new PassTest(result, log);
    }

    /// <summary>Runs the pass on a standard row: it must rewrite where it may and leave alone what it must not touch.</summary>
    public static PassTest Run(IGraphPass pass, StandardRow row)
    {
        var test = Run(pass, row.Model);
        Assert.That(test.Log.Rewrites, row.MayRewrite ? Is.Not.Empty : Is.Empty, row.Name);
        return test;
    }

    /// <summary>Fails unless both models, as a file would hold them, give the same outputs with the runtime's own optimizations off.</summary>
    public static void SameOutputs(OnnxModel expected, OnnxModel actual, Tolerance tolerance, Dictionary<string, Tensor>? inputs = null)
    {
        using var before = PassContexts.Engine.Open(expected, AsWritten);
        using var after = PassContexts.Engine.Open(AsRead(actual), AsWritten);
        Assert.That(after.Inputs.Select(input => input.Name), Is.EqualTo(before.Inputs.Select(input => input.Name)), "the signature is kept");
        for (var seed = 0; seed < (inputs is null ? 2 : 1); seed++)
            SameOutputs(before, after, inputs ?? SampleInputs.Make(before.Inputs, seed), tolerance);
    }

    /// <summary>Through the bytes of a file and back, so that what the writer makes of the model is tested too.</summary>
    private static OnnxModel AsRead(OnnxModel model) => model.HasExternalData ? model : OnnxModel.Parse(ModelWriter.ToBytes(model));

    private static void SameOutputs(IInferenceSession before, IInferenceSession after, Dictionary<string, Tensor> inputs, Tolerance tolerance)
    {
        var (expected, actual) = (before.Run(inputs), after.Run(inputs));
        for (var i = 0; i < expected.Count; i++)
            TensorAssert.AreEqual(expected[i], actual[i], tolerance, $"output '{before.Outputs[i].Name}'");
    }
}

/// <summary>What a pass did to a model.</summary>
public sealed record PassTest(OnnxModel Model, RewriteLog Log)
{
    /// <summary>Operators left in all graphs, in order; Constant nodes don't count.</summary>
    public IEnumerable<string> Operators => GraphWalker.Nodes(Model).Where(node => !node.Is("Constant")).Select(node => node.OpType);

    /// <summary>The constants left in all graphs.</summary>
    public IEnumerable<Value> Initializers => GraphWalker.Graphs(Model).SelectMany(graph => graph.Initializers);

    /// <summary>Asserts the operators left, in order.</summary>
    public PassTest Leaves(params string[] operators)
    {
        Assert.That(Operators, Is.EqualTo(operators));
        return this;
    }

    /// <summary>Asserts that nothing changed and one candidate was refused for this reason.</summary>
    public PassTest Refuses(string reason)
    {
        Assert.That(Log.Rewrites, Is.Empty);
        Assert.That(Log.Refusals.Select(refusal => refusal.Why), Has.Some.Contains(reason));
        return this;
    }

    /// <summary>Asserts that nothing changed and nothing was even a candidate.</summary>
    public PassTest Ignores()
    {
        Assert.That(Log.Rewrites, Is.Empty);
        Assert.That(Log.Refusals, Is.Empty);
        return this;
    }
}
